// The set-up's screen: the server draws all of it; this sends what was touched and asks every second whether anything
// has changed. What is being typed is never disturbed.
"use strict";
(() => {
  const own = document.body.dataset;
  const place = document.getElementById("window");
  let shown = "";
  let stage = "";
  let busy = false;

  async function ask(path, form) {
    const reply = await fetch(path, {
      method: form ? "POST" : "GET", body: form, headers: form ? { [own.tokenHeader]: own.token } : {},
      signal: AbortSignal.timeout(20000),
    });
    // Another process answers: the counter has taken over, or the set-up was started again.
    if (reply.status === 403 || reply.status === 404) return location.reload();
    if (!reply.ok) throw new Error(String(reply.status));
    const answer = await reply.json();
    if (answer.process !== own.process) return location.reload();
    return show(answer);
  }

  function show(answer) {
    if (answer.digest === shown) return;
    shown = answer.digest;
    const typed = answer.stage === stage && !answer.forget ? [...place.querySelectorAll("input[id]")].map((each) => [each.id, each.value]) : [];
    const active = document.activeElement?.id;
    stage = answer.stage;
    document.documentElement.lang = answer.language;
    document.cookie = `${own.cookie}=${answer.language}; path=/; max-age=31536000; samesite=strict`;
    place.innerHTML = answer.html;
    for (const [id, value] of typed) {
      const field = document.getElementById(id);
      if (field && value) field.value = value;
    }
    document.getElementById(active)?.focus();
  }

  async function attempt(path, form) {
    try {
      await ask(path, form);
      document.getElementById("lost").hidden = true;
    } catch {
      document.getElementById("lost").hidden = false;
    }
  }

  document.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (busy) return;
    busy = true;
    document.body.classList.add("busy");
    await attempt(event.target.getAttribute("action"), new FormData(event.target, event.submitter));
    busy = false;
    document.body.classList.remove("busy");
  });

  document.addEventListener("click", (event) => {
    const key = event.target.closest("[data-put]")?.dataset.put;
    const field = document.getElementById("rooms");
    if (!key || !field) return;
    field.value = key === "back" ? field.value.slice(0, -1) : field.value + key;
    field.scrollLeft = field.scrollWidth;
  });

  async function watch() {
    if (!busy) await attempt("/state");
    setTimeout(watch, Number(own.refresh));
  }
  watch();
})();
