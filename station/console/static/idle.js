// One alert in full on a page of its own does not stay on an unattended screen either; beside the list, station.js hides it.
"use strict";
(() => {
  const IDLE_MS = 5 * 60 * 1000;
  const article = document.querySelector("article.full");
  if (!article || document.getElementById("detail")) return;
  let touchedAt = Date.now();
  for (const kind of ["pointerdown", "pointermove", "keydown", "scroll"]) addEventListener(kind, () => { touchedAt = Date.now(); }, { passive: true });
  const timer = setInterval(() => {
    if (Date.now() - touchedAt <= IDLE_MS) return;
    clearInterval(timer);
    const said = document.createElement("p");
    said.className = "empty";
    said.textContent = article.dataset.hidden;
    article.replaceWith(said);
  }, 1000);
})();
