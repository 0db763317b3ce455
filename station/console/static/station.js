// The live page: fetches the list anew when an alert changes, sounds until a human acts, and says when it is cut off.
"use strict";
(() => {
  const shift = document.getElementById("shift"), detail = document.getElementById("detail"), root = document.documentElement;
  const live = () => document.getElementById("live");
  const title = document.title;
  const SILENT_MS = Number(shift.dataset.silentMs), IDLE_MS = 5 * 60 * 1000;
  let heardAt = Date.now(), isOut = false, seen = Number(live().dataset.last), standing = live().dataset.standing;

  // Sound. A browser lets a page sound only after somebody has touched it: that is found out, said and asked for.
  const audio = new AudioContext();
  // Two tones and a pause in a loop that the audio thread plays: timers of a hidden tab run once a minute.
  const LOOP_S = 1.4, TONES = [[0, 0.25, 880], [0.3, 0.35, 660]];
  const loop = audio.createBuffer(1, Math.round(LOOP_S * audio.sampleRate), audio.sampleRate), wave = loop.getChannelData(0);
  for (const [start, length, hertz] of TONES) {
    for (let at = 0; at < length * audio.sampleRate; at += 1) {
      const s = at / audio.sampleRate, edge = Math.min(1, s / 0.02, (length - s) / 0.05);
      wave[Math.round(start * audio.sampleRate) + at] = 0.5 * edge * Math.sin(2 * Math.PI * hertz * s);
    }
  }
  function play(isLoop) {
    const source = audio.createBufferSource();
    source.buffer = loop;
    source.loop = isLoop;
    source.connect(audio.destination);
    source.start();
    return source;
  }
  let ringing = null;
  function ring(isOn) {
    if (isOn && !ringing) ringing = play(true);
    if (!isOn && ringing) { ringing.stop(); ringing = null; }
  }
  function showSound() {
    const can = audio.state === "running", waits = Number(live().dataset.waiting) > 0, cut = isCut();
    root.dataset.audio = audio.state;
    root.dataset.sound = !(waits || cut) ? "silent" : can ? "playing" : "blocked";
    ring(root.dataset.sound === "playing");
    document.getElementById("sound-off").hidden = can;
    const state = document.getElementById("sound-state");
    const words = can ? (state.dataset.tested ? state.dataset.heard : "") : waits ? state.dataset.blocked : "";
    if (state.textContent !== words) state.textContent = words;
  }
  document.getElementById("sound-test").addEventListener("click", () => {
    audio.resume().then(() => {
      document.getElementById("sound-state").dataset.tested = "1";
      play(false);
      showSound();
    });
  });
  for (const kind of ["pointerdown", "keydown"]) document.addEventListener(kind, () => { if (audio.state !== "running") audio.resume(); });
  audio.addEventListener("statechange", showSound);

  // The list. A click on it is heard by the document, and no list is exchanged under a finger: none may be lost.
  let pressed = false, released = () => {};
  document.addEventListener("pointerdown", (event) => { pressed = live().contains(event.target); });
  for (const kind of ["pointerup", "pointercancel"]) {
    document.addEventListener(kind, () => setTimeout(() => { pressed = false; released(); released = () => {}; }, 0));
  }
  const rest = () => (pressed ? new Promise((done) => { released = done; }) : Promise.resolve());
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("#live a[data-alert]");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    htmx.ajax("GET", link.getAttribute("href"), { source: detail, target: detail, swap: "innerHTML" });
  });
  let asking = false, again = false;
  function refresh() {
    if (asking) { again = true; return; }
    asking = true;
    fetch(location.pathname, { headers: { "HX-Request": "true", "HX-Target": "live", "Kjt-Poll": "1" }, redirect: "manual" })
      .then((answer) => (answer.ok ? answer.text() : Promise.reject(new Error(String(answer.status)))))
      .then((text) => rest().then(() => text))
      .then((text) => {
        const fresh = new DOMParser().parseFromString(text, "text/html").getElementById("live");
        if (fresh) {
          const focused = document.activeElement?.dataset?.alert;
          live().replaceWith(fresh);
          htmx.process(fresh);
          fresh.dispatchEvent(new CustomEvent("htmx:afterSwap", { bubbles: true })); // for times.js
          if (focused) fresh.querySelector(`[data-alert="${focused}"]`)?.focus();
          seen = Math.max(seen, Number(fresh.dataset.last));
          standing = fresh.dataset.standing;
        }
      })
      .catch(() => { setTimeout(refresh, 2000); })
      .finally(() => {
        asking = false;
        if (again) { again = false; refresh(); }
        show();
      });
  }
  function show() {
    const waiting = Number(live().dataset.waiting);
    document.title = waiting ? `(${waiting}) ${title}` : title;
    showSound();
  }

  // The line, and its dead-man's watch.
  const isCut = () => isOut || Date.now() - heardAt > SILENT_MS;
  function watch() {
    const lost = document.getElementById("lost"), out = document.getElementById("signed-out");
    lost.hidden = isOut || !isCut();
    out.hidden = !isOut;
    // Whoever sits there now may be somebody else.
    if (isOut && detail.querySelector("article")) hide();
    root.dataset.line = isOut ? "signed_out" : isCut() ? "lost" : "live";
    showSound();
  }
  setInterval(watch, 500);

  function hear({ data: message }) {
    if (message.kind === "signed_out") { isOut = true; watch(); return; }
    if (message.kind === "trouble") return;
    // The worker's timers run on in a hidden tab: it says each second for how long it heard nothing.
    if (message.kind === "pulse") { heardAt = Date.now() - message.silentMs; watch(); return; }
    if (message.kind !== "joined") { heardAt = Date.now(); isOut = false; }
    if (message.kind === "reset") seen = -1;
    if (message.kind === "alert") {
      const open = detail.querySelector("article");
      if (open && open.dataset.alert === message.data.alert && open.dataset.state !== message.data.state) open.querySelector(".changed").hidden = false;
    }
    if (message.last > seen || message.kind === "reset" || (message.kind === "beat" && message.data.standing !== standing)) refresh();
    watch();
  }
  const joined = { kind: "join", last: seen, address: shift.dataset.stream, check: shift.dataset.check };
  function join(port) {
    port.onmessage = hear;
    port.postMessage(joined);
    addEventListener("pagehide", () => port.postMessage({ kind: "leave" }));
    addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  }
  if ("SharedWorker" in window) {
    join(new SharedWorker(shift.dataset.worker, "station").port);
  } else {
    const script = document.createElement("script");
    script.src = shift.dataset.worker;
    script.addEventListener("load", () => {
      const { port1, port2 } = new MessageChannel();
      window.joinStation(port2);
      join(port1);
    });
    document.head.append(script);
  }

  // One alert in full beside the list. It does not stay on an unattended screen.
  let touchedAt = Date.now();
  for (const kind of ["pointerdown", "pointermove", "keydown", "scroll"]) addEventListener(kind, () => { touchedAt = Date.now(); }, { passive: true });
  setInterval(() => {
    const open = detail.querySelector("article");
    if (open && Date.now() - touchedAt > IDLE_MS) hide();
  }, 1000);
  function hide() {
    const said = document.createElement("p");
    said.className = "empty";
    said.textContent = detail.dataset.hidden;
    detail.replaceChildren(said);
  }
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.id !== "detail") return;
    detail.querySelector("#problem, #alert-title")?.scrollIntoView({ block: "nearest" });
    detail.querySelector("#alert-title")?.focus({ preventScroll: true });
    if (matchMedia("(max-width: 62rem)").matches) detail.scrollIntoView();
    refresh();
  });
  for (const failure of ["htmx:sendError", "htmx:responseError"]) document.addEventListener(failure, refresh);

  watch();
  show();
})();
