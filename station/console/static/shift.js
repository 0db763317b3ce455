// The start of a shift: one touch plays the sound and asks for notifications, and each says what is to be done if it
// fails. Who has begun is remembered by this tab alone, until it is closed or somebody else signs in.
"use strict";
function makeShift(sound, notices, keepAwake) {
  const card = document.getElementById("start"), root = document.documentElement;
  const [button, state, question, notice, done] = ["sound-test", "sound-state", "heard", "notices-state", "start-done"].map((id) => document.getElementById(id));
  const key = `shift of ${document.getElementById("shift").dataset.account}`;
  let tested = "", begunAt = Number(sessionStorage.getItem(key)) || 0;

  const write = (element, words) => { if (element.textContent !== words) element.textContent = words; };
  function show(waits) {
    const can = sound.state === "running";
    const word = can ? tested : sound.state !== "untouched" ? sound.state : waits ? "blocked" : "";
    write(state, word ? state.dataset[word] : "");
    question.hidden = !(can && tested === "heard" && !begunAt);
    // What is well needs no words once the shift has begun.
    const isAsked = tested || (begunAt && notices.state !== "granted");
    write(notice, isAsked ? notice.dataset[notices.state] : "");
    notice.dataset.state = notices.state;
    root.dataset.shift = begunAt ? "begun" : "not_begun";
    card.classList.toggle("begun", Boolean(begunAt));
    card.classList.toggle("tested", Boolean(begunAt || tested));
    done.hidden = !begunAt;
    if (begunAt) {
      const at = new Date(begunAt), two = (n) => String(n).padStart(2, "0");
      write(done, done.dataset.words.replace("{time}", `${two(at.getHours())}:${two(at.getMinutes())}`));
    }
    write(button, begunAt || tested ? button.dataset.again : button.dataset.begin);
  }
  function begin() {
    begunAt = 0;
    tested = "";
    sessionStorage.removeItem(key);
    // Together, in the touch itself: browsers take neither question without one.
    notices.ask();
    sound.test().then((works) => { tested = works ? "heard" : ""; tell(); });
    tell();
  }
  let tell = () => {};
  button.addEventListener("click", begin);
  document.getElementById("heard-yes").addEventListener("click", () => {
    begunAt = Date.now();
    tested = "";
    sessionStorage.setItem(key, String(begunAt));
    keepAwake();
    tell();
  });
  document.getElementById("heard-no").addEventListener("click", () => { tested = "unheard"; tell(); });
  card.hidden = false;
  return { show, onChange(act) { tell = act; } };
}
