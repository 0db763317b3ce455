// The sound of an alert, and the truth about it. A browser lets a page sound only after somebody has touched it, and
// asking it for sound may never be answered (a machine without a loudspeaker, one that is too busy). So nothing waits
// for its answer: whether the sound's own clock advances is looked at, for a while and again and again.
"use strict";
function makeSound(tell) {
  const PATIENCE_MS = 3000, AGAIN_MS = 5000, STILL_MS = 3000;
  // Two tones and a pause for an alert, one low tone for trouble. Loops are played by the audio thread, because timers
  // of a hidden tab run once a minute.
  const ALERT = [1.4, [[0, 0.25, 880], [0.3, 0.35, 660]]], TROUBLE = [0.9, [[0, 0.7, 330]]];
  let audio = null, ringing = null, isWanted = false, isTouched = false, asking = null, until = 0, failed = 0;
  let state = "untouched", clock = 0, advancedAt = 0, stuckAt = 0;

  function open() {
    ring(false);
    audio?.close().catch(() => {});
    audio = new AudioContext();
    audio.addEventListener("statechange", look);
  }
  function draw([length, tones]) {
    const drawn = audio.createBuffer(1, Math.round(length * audio.sampleRate), audio.sampleRate), wave = drawn.getChannelData(0);
    for (const [start, long, hertz] of tones) {
      for (let at = 0; at < long * audio.sampleRate; at += 1) {
        const s = at / audio.sampleRate, edge = Math.min(1, s / 0.02, (long - s) / 0.05);
        wave[Math.round(start * audio.sampleRate) + at] = 0.5 * edge * Math.sin(2 * Math.PI * hertz * s);
      }
    }
    return drawn;
  }
  function play(tones, isLoop) {
    const source = audio.createBufferSource();
    source.buffer = draw(tones);
    source.loop = isLoop;
    source.connect(audio.destination);
    source.start();
    return source;
  }
  function ring(isOn) {
    if (isOn && !ringing) ringing = play(ALERT, true);
    if (!isOn && ringing) { ringing.stop(); ringing = null; }
  }
  function become(next) {
    if (next === "stuck") stuckAt = performance.now();
    const isNew = state !== next;
    state = next;
    ring(isWanted && state === "running");
    if (isNew) tell(state);
  }
  const advances = () => audio.state === "running" && audio.currentTime > clock;

  // Ask for sound, and tell within PATIENCE_MS whether there is any. The browser's own answer is not waited for.
  function ask() {
    until = performance.now() + PATIENCE_MS;
    if (!audio || failed > 1) { open(); failed = 0; } // what stood still twice is made anew
    audio.resume().catch(() => {});
    if (isTouched) become("asking");
    if (asking) return asking;
    clock = audio.currentTime;
    asking = new Promise((done) => {
      const timer = setInterval(() => {
        const works = advances();
        if (!works && performance.now() < until) return;
        clearInterval(timer);
        asking = null;
        failed = works ? 0 : failed + 1;
        advancedAt = performance.now();
        become(works ? "running" : isTouched ? "stuck" : "untouched");
        done(works);
      }, 50);
    });
    return asking;
  }
  // Called twice a second: a device that was pulled out is no sound either, and one that came later is asked for.
  function look() {
    const now = performance.now();
    if (asking) return;
    if (advances()) {
      [clock, advancedAt] = [audio.currentTime, now];
      if (state !== "running") become("running");
    } else if (state === "running" && (audio.state !== "running" || now - advancedAt > STILL_MS)) ask();
    else if (state === "stuck" && now - stuckAt > AGAIN_MS) ask();
  }
  for (const kind of ["pointerdown", "keydown"]) {
    document.addEventListener(kind, () => { isTouched = true; if (state !== "running") ask(); });
  }
  ask();
  return {
    look,
    get state() { return state; },
    get rings() { return ringing !== null; },
    want(isOn) { isWanted = isOn; ring(isOn && state === "running"); },
    test: () => ask().then((works) => { if (works) play(ALERT, false); return works; }),
    warn() { if (state === "running") play(TROUBLE, false); },
  };
}
