// A scanner that types like a keyboard. Keys that come faster than hands, outside of text fields, are collected; a
// burst with a "<" in it and as long as printed lines are is handed to the screen as a "scan". Once it is sure, no key
// of it reaches the page: a line end would press the button that has the focus, and digits would become nights.
"use strict";
(() => {
  const KEY_MS = 80; // on average: no hand types faster for long
  const PAUSE_MS = 300; // a scanner may stop between lines, a busy machine anywhere; after that it is done
  const SURE = 5; // characters after which a burst is no hand; in no format does a digit come sooner
  const SHORTEST = 60;
  const LONGEST = 1000;
  const FIELDS = "textarea, [contenteditable], input:not([type=number]):not([type=checkbox]):not([type=radio])";
  let text = "";
  let first = 0;
  let last = -Infinity;
  let silence = 0;

  const isEnd = (key) => key === "Enter" || key === "Tab";
  const isFast = (keys) => last - first <= KEY_MS * keys;

  function finish() {
    const scanned = text;
    text = "";
    if (scanned.includes("<") && scanned.length >= SHORTEST && isFast(scanned.length)) {
      document.dispatchEvent(new CustomEvent("scan", { detail: scanned }));
    }
  }

  window.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || event.target.closest?.(FIELDS)) return;
    if (event.key.length > 1 && !isEnd(event.key)) return; // Shift and the like
    if (event.timeStamp - last > PAUSE_MS) text = "";
    if (!text) first = event.timeStamp;
    last = event.timeStamp;
    const isSure = text.length >= SURE && isFast(text.length);
    if (isSure) { event.preventDefault(); event.stopPropagation(); }
    if (isEnd(event.key) && !isSure) return;
    if (text.length < LONGEST) text += isEnd(event.key) ? "\n" : event.key;
    clearTimeout(silence);
    silence = setTimeout(finish, PAUSE_MS);
  }, true);
})();
