// Forms that are checked while they are typed. The server judges every field; this asks it when the hand rests, and
// shows what it says beside the field. Nothing is kept here: the form goes with its window.
"use strict";
(() => {
  const REST_MS = 250;
  const own = document.body.dataset;
  let asked = 0; // the answer to an earlier question comes too late
  let resting = 0;
  let seen = new Set(); // fields that somebody has been in: the others are not told that they are empty

  const form = () => document.querySelector("form[data-judge]");
  const boxes = () => [...form().querySelectorAll("[data-field]")];
  const isStrict = () => form().dataset.strict === "1";

  async function check() {
    const here = form();
    if (!here) return;
    const question = ++asked;
    let answer;
    try {
      const reply = await fetch(here.dataset.judge, {
        method: "POST", body: new URLSearchParams(new FormData(here)), headers: { [own.tokenHeader]: own.token },
      });
      if (!reply.ok) return;
      answer = await reply.json();
    } catch (error) {
      return; // the screen says by itself that it has lost the counter
    }
    if (question !== asked || form() !== here) return;
    for (const box of boxes()) say(box, answer.findings[box.dataset.field]);
    if (fill(here, answer.told)) check();
  }

  function say(box, finding) {
    const line = box.querySelector(".say");
    const isHeld = !finding || (finding.tone === "missing" && !seen.has(box.dataset.field) && !isStrict());
    box.dataset.tone = isHeld ? "" : finding.tone;
    line.textContent = isHeld ? line.dataset.hint ?? "" : finding.text;
    for (const field of box.querySelectorAll("input:not([type=checkbox]), textarea")) {
      field.ariaInvalid = String(!isHeld && ["wrong", "missing", "doubt"].includes(finding.tone));
    }
    const really = box.querySelector(".really");
    if (really) really.hidden = isHeld || !["doubt", "kept"].includes(finding.tone);
  }

  // What a number without fault tells of fields that are still empty.
  function fill(here, told) {
    for (const [name, value] of Object.entries(told)) {
      const radio = here.querySelector(`input[type=radio][name=${name}][value="${value}"]`);
      if (radio) radio.checked = true;
      else here.querySelector(`input[name=${name}]`).value = value;
    }
    return Object.keys(told).length > 0;
  }

  function rest(wait) {
    clearTimeout(resting);
    resting = setTimeout(check, wait);
  }

  const boxOf = (event) => (event.target.closest?.("form[data-judge]") ? event.target.closest("[data-field]") : null);

  document.addEventListener("input", (event) => {
    const box = boxOf(event);
    if (!box) return;
    const really = box.querySelector(".really input"); // said of what stood there before
    if (really && event.target !== really) really.checked = false;
    rest(event.target.matches("[type=radio], [type=checkbox]") ? 0 : REST_MS);
  });

  // A name that stands on the screen already is not typed once more.
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("form[data-judge] [data-fill]");
    if (!button) return;
    const field = document.getElementById(button.dataset.fill);
    field.value = button.dataset.value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    [...form().querySelectorAll(".field input:not([type=radio])")].find((each) => !each.value)?.focus();
  });

  document.addEventListener("focusout", (event) => {
    const box = boxOf(event);
    if (!box || box.contains(event.relatedTarget)) return;
    seen.add(box.dataset.field);
    rest(0);
  });

  // Enter goes on to the next field; only the button registers.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !boxOf(event) || event.target.matches("textarea")) return;
    event.preventDefault();
    const stops = [...form().querySelectorAll(".field input, .field textarea, .actions button")]
      .filter((stop) => stop.offsetParent && (stop.type !== "radio" || stop.checked || isFirst(stop)));
    stops[stops.indexOf(event.target) + 1]?.focus();
  });

  function isFirst(radio) {
    const group = [...form().querySelectorAll(`input[name=${radio.name}]`)];
    return group[0] === radio && !group.some((other) => other.checked);
  }

  // The screen draws its windows anew: what was typed stays, and is judged again; another form begins anew.
  new MutationObserver(() => {
    if (form()) return rest(0);
    clearTimeout(resting);
    asked += 1;
    seen = new Set();
  }).observe(document.getElementById("window"), { childList: true });
})();
