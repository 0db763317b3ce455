// The watch of every page: fetches what waits anew when an alert changes (beside the list, the list itself), sounds until
// a human acts, and says when it is cut off. Of a browser's tabs one sounds at a time (tabs.js).
"use strict";
(() => {
  const shift = document.getElementById("shift"), detail = document.getElementById("detail"), root = document.documentElement;
  const live = () => document.getElementById("live");
  const title = document.title;
  const article = () => document.querySelector("main article[data-alert]");
  const SILENT_MS = Number(shift.dataset.silentMs), IDLE_MS = 5 * 60 * 1000, ANSWER_MS = 8000, SPREAD_MS = 1500;
  // By a clock that nobody can set: one that was put back would have a dead line look alive for as long.
  const tick = () => performance.now();
  let heardAt = tick(), isOut = false, seen = Number(live().dataset.last), standing = live().dataset.standing;

  // Nothing that is drawn may move what is under a finger: whoever touches the page first touches it while a banner goes.
  let pressed = false, released = [];
  document.addEventListener("pointerdown", () => { pressed = true; }, true);
  for (const kind of ["pointerup", "pointercancel"]) {
    document.addEventListener(kind, () => setTimeout(() => { pressed = false; for (const act of released.splice(0)) act(); }, 0));
  }
  // A release that the browser kept to itself (a drag out of the window) must not hold up an alert.
  const rest = () => (pressed ? new Promise((done) => { released.push(done); setTimeout(done, 2000); }) : Promise.resolve());

  const sound = makeSound(() => draw());
  const tabs = makeTabs(() => watch());
  const notices = makeNotices(shift.dataset.noticeWorker, shift.dataset.icon, () => draw());
  const desk = document.getElementById("start") ? makeShift(sound, notices, keepAwake) : { show() {}, onChange() {} };
  desk.onChange(() => draw());
  // A phone that sleeps stops its pages. Refused where there is no battery to spare: then the page says nothing.
  function keepAwake() {
    if (sessionStorage.getItem(`shift of ${shift.dataset.account}`) && document.visibilityState === "visible") navigator.wakeLock?.request("screen").catch(() => {});
  }
  keepAwake();
  document.addEventListener("visibilitychange", keepAwake);
  // A browser puts no page to sleep that holds a lock.
  navigator.locks?.request("shift", { mode: "shared" }, () => new Promise(() => {})).catch(() => {});

  // The list. A click on it is heard by the document, and none may be lost.
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("#live a[data-alert]");
    if (!link || !detail || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    htmx.ajax("GET", link.getAttribute("href"), { source: detail, target: detail, swap: "innerHTML" });
  });
  // A new alert is listed and sounds at once, by its number alone. The list itself is asked for a moment later, and by
  // each page at another one: some hundred pages that ask together would wait for each other.
  let soon = 0;
  const refreshSoon = () => { soon ||= setTimeout(() => { soon = 0; refresh(); }, Math.random() * SPREAD_MS); };
  function announce(alert) {
    const listed = live().querySelector(`[data-alert="${alert}"]`)?.closest("li");
    if (listed?.dataset.waits) return;
    if (listed) listed.dataset.waits = alert; // out of the hands of whoever had it
    live().dataset.waiting = Number(live().dataset.waiting) + 1;
    if (listed) return;
    const into = live();
    rest().then(() => {
      if (into !== live()) return; // the list itself was quicker
      let list = document.getElementById("open");
      if (!list) {
        list = document.createElement("ul");
        list.id = "open";
        list.className = "alerts";
        document.getElementById("none-open").replaceWith(list);
      }
      const fresh = document.getElementById("fresh").content.firstElementChild.cloneNode(true), link = fresh.querySelector("a");
      fresh.dataset.waits = link.dataset.alert = alert;
      link.href = link.getAttribute("href") + alert;
      list.append(fresh);
      watch();
    });
  }
  function takeBack(alert) {
    const waiting = live().querySelector(`[data-waits="${alert}"]`);
    if (!waiting) return;
    if (waiting.matches(".fresh")) waiting.remove();
    else delete waiting.dataset.waits;
    live().dataset.waiting = Math.max(0, Number(live().dataset.waiting) - 1);
  }
  let asking = false, again = false;
  function refresh() {
    clearTimeout(soon);
    soon = 0;
    if (asking) { again = true; return; }
    asking = true;
    fetch(shift.dataset.list, { headers: { "HX-Request": "true", "HX-Target": shift.dataset.part, "Kjt-Poll": "1" }, redirect: "manual", signal: AbortSignal.timeout(ANSWER_MS) })
      .then((answer) => (answer.ok ? answer.text() : Promise.reject(new Error(String(answer.status)))))
      .then((text) => rest().then(() => text))
      .then((text) => {
        const told = new DOMParser().parseFromString(text, "text/html"), fresh = told.getElementById("live");
        if (fresh) {
          const at = document.activeElement?.closest("#live, #standing") ? document.activeElement : null;
          const focused = at?.dataset.alert ? `[data-alert="${at.dataset.alert}"]` : at?.id ? `#${at.id}` : "";
          const banner = document.getElementById("standing"), said = told.getElementById("standing");
          if (!banner.isEqualNode(said)) banner.replaceWith(said); // else it would be read out once more
          live().replaceWith(fresh);
          htmx.process(fresh);
          fresh.dispatchEvent(new CustomEvent("htmx:afterSwap", { bubbles: true })); // for times.js
          mark();
          if (focused && !at.isConnected) document.querySelector(`#live ${focused}, #standing ${focused}`)?.focus();
          seen = Math.max(seen, Number(fresh.dataset.last));
          standing = fresh.dataset.standing;
        }
      })
      .catch(() => { setTimeout(refresh, 2000); })
      .finally(() => {
        asking = false;
        if (again) { again = false; refresh(); }
        watch();
      });
  }

  // Which one of the list is open beside it.
  function mark() {
    for (const link of live().querySelectorAll("a[data-alert]")) {
      if (detail && link.dataset.alert === article()?.dataset.alert) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  }

  // The line, and its dead-man's watch.
  const isCut = () => isOut || tick() - heardAt > SILENT_MS;
  let trouble = "";
  function findTrouble() {
    if (isCut()) return isOut ? "signed_out" : "lost";
    return ["on", "starting"].includes(standing) ? "" : standing;
  }
  // Alert and trouble are told in the title, in the sound, and on the desktop; in the page's own banners too.
  function watch() {
    sound.look();
    const cut = isCut(), said = findTrouble(), waiting = Number(live().dataset.waiting);
    const isWanted = waiting > 0 || cut, isFirst = tabs.mayRing(isWanted);
    sound.want(isWanted && isFirst);
    tabs.tell(sound.state === "running", sound.rings);
    root.dataset.line = isOut ? "signed_out" : cut ? "lost" : "live";
    document.title = `${said ? "⚠ " : ""}${waiting ? `(${waiting}) ` : ""}${title}`;
    if (waiting) {
      const which = [...document.querySelectorAll("#live [data-waits]")].map((each) => each.dataset.waits);
      notices.show("alert", shift.dataset.waits.replace("{n}", waiting), shift.dataset.waitsWhy, `${waiting} ${which.join()}`);
    } else notices.close("alert");
    if (said !== trouble) {
      trouble = said;
      if (said && !cut && isFirst) sound.warn();
      const words = { lost: "lost", signed_out: "signed-out" }[said] ?? "standing";
      if (said) notices.show("trouble", shift.dataset.trouble, document.querySelector(`#${words} strong`).textContent, said);
      else notices.close("trouble");
    }
    draw();
  }
  function draw() {
    const waits = Number(live().dataset.waiting) > 0, cut = isCut();
    root.dataset.audio = sound.state;
    root.dataset.sound = !(waits || cut) ? "silent" : sound.state !== "running" ? "blocked" : sound.rings ? "playing" : "elsewhere";
    rest().then(() => {
      document.getElementById("lost").hidden = isOut || !isCut();
      document.getElementById("signed-out").hidden = !isOut;
      const off = document.getElementById("sound-off"), note = document.getElementById("waits");
      off.hidden = sound.state === "running";
      off.dataset.why = sound.state === "stuck" ? "stuck" : "untouched";
      if (note) {
        const said = shift.dataset.waits.replace("{n}", live().dataset.waiting), strong = note.querySelector("strong");
        if (strong.textContent !== said) strong.textContent = said;
        note.hidden = !waits;
      }
      // Whoever sits there now may be somebody else.
      if (isOut) hide();
      desk.show(waits);
    });
  }
  setInterval(watch, 500);

  function hear({ data: message }) {
    if (message.kind === "signed_out") { isOut = true; watch(); return; }
    if (message.kind === "trouble") return;
    // The worker's timers run on in a hidden tab: it says each second for how long it heard nothing.
    if (message.kind === "pulse") { heardAt = tick() - message.silentMs; watch(); return; }
    if (message.kind !== "joined") { heardAt = tick(); isOut = false; }
    if (message.kind === "reset") seen = -1;
    if (message.kind === "alert") {
      const open = article();
      if (open && open.dataset.alert === message.data.alert && open.dataset.state !== message.data.state) open.querySelector(".changed").hidden = false;
      if (message.last > seen) (["raised", "escalated"].includes(message.data.state) ? announce : takeBack)(message.data.alert);
    }
    if (message.last > seen || message.kind === "reset" || (message.kind === "beat" && message.data.standing !== standing)) refreshSoon();
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

  // One alert in full, beside the list or alone. It does not stay on an unattended screen.
  let touchedAt = tick();
  for (const kind of ["pointerdown", "pointermove", "keydown", "scroll"]) addEventListener(kind, () => { touchedAt = tick(); }, { passive: true });
  setInterval(() => {
    if (tick() - touchedAt > IDLE_MS) hide();
  }, 1000);
  function hide() {
    const open = article();
    if (!open) return;
    const said = document.createElement("p");
    said.className = "empty";
    said.textContent = shift.dataset.hidden;
    if (detail) detail.replaceChildren(said);
    else open.replaceWith(said);
    mark();
  }
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.id !== "detail") return;
    mark();
    detail.querySelector("#problem, #alert-title")?.scrollIntoView({ block: "nearest" });
    detail.querySelector("#alert-title")?.focus({ preventScroll: true });
    if (matchMedia("(max-width: 62rem)").matches) detail.scrollIntoView();
    refresh();
  });
  // A press that nothing comes of is told, and what is not answered at all holds up no other press.
  htmx.config.timeout = 2 * ANSWER_MS;
  function tellUnanswered() {
    if (detail && !document.getElementById("unanswered")) {
      const said = document.createElement("div");
      [said.id, said.className, said.textContent] = ["unanswered", "alert alert-danger", shift.dataset.unanswered];
      said.setAttribute("role", "alert");
      detail.prepend(said);
      said.scrollIntoView({ block: "nearest" });
    }
    refresh();
  }
  for (const failure of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) document.addEventListener(failure, tellUnanswered);

  watch();
  if (seen < 0) refresh();
})();
