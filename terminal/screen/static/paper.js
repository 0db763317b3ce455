"use strict";
// The page exists to be printed: it asks at once, and again on request. A slip left on the screen goes away.
document.getElementById("print").addEventListener("click", () => window.print());
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") document.getElementById("back").click();
});
setTimeout(() => document.getElementById("back").click(), 180000);
window.addEventListener("load", () => setTimeout(() => window.print(), 200));
