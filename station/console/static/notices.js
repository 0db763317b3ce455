// Desktop notifications: that an alert waits, or that none can arrive. They say neither who nor where, for they stand
// on a locked screen. A worker shows them, which phones demand too.
"use strict";
function makeNotices(address, icon, tell) {
  const isThere = "Notification" in window && "serviceWorker" in navigator;
  const last = {};
  let registered = null, turn = Promise.resolve(), isAsking = false, hasFailed = false;
  const find = () => (!isThere ? "unsupported" : isAsking ? "asking" : hasFailed ? "failed" : Notification.permission);

  function register() {
    registered ??= navigator.serviceWorker.register(address).then((registration) => new Promise((done) => {
      const worker = registration.active ?? registration.waiting ?? registration.installing;
      if (worker.state === "activated") { done(registration); return; }
      worker.addEventListener("statechange", () => { if (worker.state === "activated") done(registration); });
    }));
    return registered;
  }
  // One after another: else one that is taken back could come after its end.
  function queue(act) {
    turn = turn.then(act).catch(() => { hasFailed = true; tell(); });
  }
  async function exchange(kind, title, body, key) {
    if (find() !== "granted") return;
    const registration = await register(), shown = await registration.getNotifications({ tag: kind });
    if (!key) { for (const each of shown) each.close(); return; }
    // All tabs of this browser show the same one: once is enough.
    if (shown.some((each) => each.data === key)) return;
    await registration.showNotification(title, { body, icon, tag: kind, data: key, renotify: true, requireInteraction: true });
  }
  // A browser may leave the question open for as long as its user does: until then the page says that it was asked.
  function ask() {
    if (!isThere || Notification.permission !== "default") { tell(); return; }
    isAsking = true;
    tell();
    Promise.resolve(Notification.requestPermission()).catch(() => {}).then(() => {
      isAsking = false;
      if (find() === "granted") queue(register);
      tell();
    });
  }
  navigator.permissions?.query({ name: "notifications" }).then((found) => found.addEventListener("change", tell)).catch(() => {});
  return {
    ask,
    get state() { return find(); },
    // `key` says what it is about: the same is told once, also after somebody has put it away.
    show(kind, title, body, key) {
      if (find() !== "granted" || last[kind] === key) return;
      last[kind] = key;
      queue(() => exchange(kind, title, body, key));
    },
    close(kind) {
      if (last[kind] === "") return;
      last[kind] = "";
      queue(() => exchange(kind, "", "", ""));
    },
  };
}
