// The whole script of the counter's screen. The server draws every word and every region; this asks for them,
// puts them in place without disturbing focus, scrolling or what was chosen, and sends what was touched.
"use strict";
(() => {
  const IDLE_MS = 120000; // then nobody's data stays on an unattended screen
  const own = document.body.dataset;
  const drawn = {};
  let view = new URLSearchParams(own.view);
  let version = Number(own.version);
  let newest = null;
  let busy = false;
  let settling = 0;
  let touched = Date.now();
  let opener = "";

  const region = (name) => document.getElementById(name);
  const pause = (ms) => new Promise((resume) => setTimeout(resume, ms));
  const isWorking = () => view.get("open") || document.querySelector("#main input[type=checkbox]:checked");

  // A terminal that hangs must not look like one that waits: an answer that does not come in time is none.
  async function ask(method, path, query, form, patience = Number(own.answer)) {
    const reply = await fetch(`${path}?${query}`, {
      method, body: form, headers: form ? { [own.tokenHeader]: own.token } : {}, signal: AbortSignal.timeout(patience),
    });
    if (reply.status === 403 || reply.status === 503) location.reload(); // of an earlier process, or of one that cannot start
    if (!reply.ok) throw new Error(String(reply.status));
    return reply.json();
  }

  function show(reply) {
    if (reply.process !== own.process) return location.reload();
    if (reply.version < version) return; // overtaken by a later answer
    version = reply.version;
    view = new URLSearchParams(reply.view);
    document.documentElement.lang = reply.language;
    for (const [name, html] of Object.entries(reply.regions)) if (drawn[name] !== html) swap(name, html);
    const arrived = newest !== null && reply.pending && reply.pending !== newest;
    newest = reply.pending;
    if (arrived && view.get("page") !== null && !isWorking()) {
      setTimeout(() => set("page=desk")); // after what is under way
    }
  }

  function swap(name, html) {
    const place = region(name);
    const active = document.activeElement;
    const isInside = place.contains(active) || (name === "main" && active === document.body);
    const kept = [...place.querySelectorAll("input[id], textarea")].map((input) => [input.id, input.value, input.checked]);
    const caret = active.selectionStart ?? null;
    const scrolls = [...place.querySelectorAll("[data-scroll]")].map((box) => [box.id, box.scrollTop, box.scrollLeft]);
    if (name === "window" && !place.firstElementChild) opener = active.id;
    if (drawn[name] !== undefined && name !== "foot") settle();
    drawn[name] = html;
    place.innerHTML = html;
    for (const [id, value, checked] of kept) Object.assign(region(id) || {}, { value, checked });
    for (const [id, top, left] of scrolls) Object.assign(region(id) || {}, { scrollTop: top, scrollLeft: left });
    const dialog = place.querySelector("dialog");
    if (dialog) dialog.showModal();
    if (dialog || (isInside && name !== "window")) focus((isInside && region(active.id)) || place.querySelector("[data-focus]"));
    else if (name === "window") focus(region(opener));
    if (caret !== null && document.activeElement.id === active.id) document.activeElement.setSelectionRange?.(caret, caret);
    if (name === "main" || name === "window") update();
  }

  function settle() {
    document.body.classList.add("settling");
    clearTimeout(settling);
    settling = setTimeout(() => document.body.classList.remove("settling"), Number(own.settle));
  }

  function focus(element) {
    (element || document.querySelector("#main [data-focus]") || region("main")).focus();
  }

  // What follows from the fields themselves.
  function update() {
    const nights = document.querySelector("[data-departures]");
    if (nights) {
      const number = Math.min(Math.max(Math.round(Number(nights.value)) || 1, 1), Number(nights.max));
      document.querySelector("output[for]").textContent = nights.dataset.departures.split("|")[number - 1];
      region("fewer").disabled = number <= 1;
      region("more").disabled = number >= Number(nights.max);
    }
    const count = document.querySelectorAll("#main input[type=checkbox]:checked").length;
    const output = region("selected");
    if (!output) return;
    output.textContent = count ? output.dataset.text.replace("#", count) : output.dataset.none;
    region("leave-selected").disabled = !count;
  }

  async function act(call) {
    if (busy) return;
    busy = true;
    document.body.classList.add("busy");
    try {
      show(await call());
      lose(false);
    } catch (error) {
      lose(true);
    } finally {
      busy = false;
      document.body.classList.remove("busy");
    }
  }

  function set(changes) {
    const next = new URLSearchParams(view);
    for (const [name, value] of new URLSearchParams(changes)) next.set(name, value);
    return act(() => ask("GET", "/state", next));
  }

  function lose(isLost) { region("lost").hidden = !isLost; }

  function step(by) {
    const nights = document.querySelector("[data-departures]");
    nights.value = Math.min(Math.max(Number(nights.value) + by, 1), Number(nights.max));
    update();
  }

  // Everybody, or nobody where everybody is chosen already.
  function selectAll() {
    const boxes = [...document.querySelectorAll("#main input[type=checkbox]")];
    const isOn = !boxes.every((box) => box.checked);
    for (const box of boxes) box.checked = isOn;
    update();
  }

  function speak(language) {
    document.cookie = `${own.cookie}=${language}; path=/; max-age=31536000; samesite=strict`;
    set("");
  }

  // One waiting request at a time; what it brings counts only if nobody has gone elsewhere meanwhile.
  async function follow() {
    for (let atOnce = false; ;) {
      const asked = view.toString();
      const began = Date.now();
      try {
        const [query, wait] = atOnce ? [asked, 0] : [`since=${version}&${asked}`, Number(own.wait)];
        const reply = await ask("GET", "/state", query, undefined, wait + Number(own.answer));
        lose(false);
        const isSame = reply.version === version;
        const isStale = busy || view.toString() !== asked;
        if (!isStale) show(reply);
        // A server that does not let this window wait is not asked more than once a second.
        if (busy || (isSame && !atOnce && Date.now() - began < 1000)) await pause(busy ? 50 : 1000);
        atOnce = isStale;
      } catch (error) {
        lose(true);
        await pause(1500);
        atOnce = true;
      }
    }
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.set !== undefined) set(button.dataset.set);
    else if (button.dataset.selectAll !== undefined) selectAll();
    else if (button.dataset.step) step(Number(button.dataset.step));
    else if (button.dataset.language) speak(button.dataset.language);
  });

  document.addEventListener("submit", (event) => {
    const form = event.target;
    event.preventDefault();
    if (document.body.classList.contains("settling")) return; // by keyboard; the style sheet stops fingers
    const data = new URLSearchParams(new FormData(form, event.submitter));
    const collect = form.dataset.collect;
    if (collect) set(`${form.dataset.then}&${collect}=${data.getAll(collect).join(",")}`);
    else act(() => ask("POST", form.getAttribute("action"), view, data));
  });

  // From scanner.js. A scan is not lost because a touch is under way.
  document.addEventListener("scan", async (event) => {
    while (busy) await pause(50);
    act(() => ask("POST", "/scan", view, new URLSearchParams({ text: event.detail })));
  });

  document.addEventListener("input", update);
  document.addEventListener("cancel", (event) => event.preventDefault(), true); // Escape belongs to the view

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      for (const name of ["window", "alert", "drawer", "main"]) {
        const way = document.querySelector(`#${name} [data-escape]`);
        if (way) { event.preventDefault(); return way.click(); }
      }
    }
    const own = !view.get("open") && document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (own) { event.preventDefault(); return own.click(); }
    if (event.key === "Enter" && event.repeat) event.preventDefault(); // a key held down is one touch
    if (event.key.startsWith("Arrow")) walk(event);
  });

  // Arrow keys walk over the plan of rooms.
  function walk(event) {
    const cells = [...document.querySelectorAll("[data-grid] button")];
    if (!cells.length || view.get("open") || event.target.matches("input")) return;
    const at = cells.indexOf(document.activeElement);
    const columns = cells.filter((cell) => cell.offsetTop === cells[0].offsetTop).length;
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
    const next = cells[at < 0 ? 0 : at + by];
    if (next) { event.preventDefault(); next.focus(); }
  }

  for (const kind of ["pointerdown", "keydown"]) document.addEventListener(kind, () => { touched = Date.now(); }, true);
  setInterval(() => {
    if (Date.now() - touched < IDLE_MS || !view.toString()) return;
    touched = Date.now();
    act(() => ask("GET", "/state", ""));
  }, 5000);

  history.replaceState(null, "", "/");
  set("").then(follow);
})();
