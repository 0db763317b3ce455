"use strict";
// A receipt is read before it is printed: the person asks. One left on the screen goes away.
const frame = document.getElementById("receipt");
document.getElementById("print").addEventListener("click", () => {
  frame.contentWindow.focus();
  frame.contentWindow.print();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") document.getElementById("back").click();
});
setTimeout(() => document.getElementById("back").click(), 180000);
