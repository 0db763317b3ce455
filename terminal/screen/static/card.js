// Typing the recovery card: by the keys on the screen or by a keyboard. A digit goes where the last one went, a full
// group passes on to the next, and a group that was never printed turns red at once.
"use strict";
(() => {
  const form = () => document.getElementById("code");
  const fields = () => [...form().querySelectorAll("input")];
  const isFull = (field) => field.value.length === field.maxLength;
  let current = null;

  function isGood(field) {
    const { check, largest } = form().dataset;
    return isFull(field) && Number(field.value) % Number(check) === 0 && Number(field.value) <= Number(largest);
  }

  function check() {
    if (!form()) return;
    for (const field of fields()) field.ariaInvalid = String(isFull(field) && !isGood(field));
    document.getElementById("unlock-yes").disabled = !fields().every(isGood);
  }

  function type(digit) {
    const all = fields();
    let at = Math.max(all.indexOf(current), 0);
    if (digit === "back") {
      if (!all[at].value && at) at -= 1;
      all[at].value = all[at].value.slice(0, -1);
    } else {
      if (isFull(all[at])) at = all.findIndex((field) => !isFull(field));
      if (at < 0) return;
      all[at].value += digit;
      if (isFull(all[at]) && at + 1 < all.length) at += 1;
    }
    current = all[at];
    for (const field of all) field.classList.toggle("current", field === current);
    check();
  }

  document.addEventListener("click", (event) => {
    const key = event.target.closest("[data-digit]");
    if (key && form()) type(key.dataset.digit);
  });

  document.addEventListener("focusin", (event) => {
    if (form() && fields().includes(event.target)) current = event.target;
  });

  document.addEventListener("input", (event) => {
    if (!form() || !fields().includes(event.target)) return;
    event.target.value = event.target.value.replace(/\D/g, "");
    const next = fields()[fields().indexOf(event.target) + 1];
    if (isFull(event.target) && isGood(event.target) && next) next.focus();
    check();
  });

  // The screen draws its windows anew; what was typed stays, and is judged again.
  new MutationObserver(check).observe(document.getElementById("window"), { childList: true });
})();
