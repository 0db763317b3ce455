// One stream for all tabs of this browser: a browser allows six to one host, and the seventh tab would hang.
// It is never paused: an alert that waits until somebody looks at the tab is a lost alert.
"use strict";
(() => {
  const ports = new Set();
  // By a clock that nobody can set: one that was put back would have a dead line look alive for as long.
  const tick = () => performance.now();
  let source = null, last = -1, address = "", check = "", heardAt = tick(), triedAt = 0, retry = 0;

  const tell = (message) => { for (const port of ports) port.postMessage(message); };

  function take(event) {
    heardAt = tick();
    if (event.lastEventId) last = Math.max(last, Number(event.lastEventId));
    const data = JSON.parse(event.data);
    if (event.type === "beat" && data.last > last) last = data.last;
    if (event.type === "reset") last = Number(event.lastEventId);
    tell({ kind: event.type, last, data });
    if (event.type === "signed_out") { source.close(); source = null; }
  }

  function connect() {
    clearTimeout(retry);
    triedAt = tick();
    if (source) source.close();
    source = new EventSource(`${address}?after=${last}`);
    for (const kind of ["alert", "beat", "reset", "signed_out"]) source.addEventListener(kind, take);
    source.addEventListener("error", () => {
      tell({ kind: "trouble", last });
      // A broken line is tried again by the browser itself; an answer that is no stream ends it for good.
      if (source && source.readyState === EventSource.CLOSED) ask();
    });
  }

  // Does the line fail, or is nobody signed in any more?
  function ask() {
    fetch(check, { redirect: "manual", headers: { "Kjt-Poll": "1" }, signal: AbortSignal.timeout(5000) })
      .then((answer) => {
        if (answer.status === 204 || answer.status >= 500) return;
        tell({ kind: "signed_out", last, data: {} });
      })
      .catch(() => {})
      .finally(() => { retry = setTimeout(connect, 1000 + Math.random() * 2000); });
  }

  // A line that is silent without breaking (a cable, a proxy, a machine that slept) is given up after twelve seconds.
  // The pages are told each second for how long it has been silent: in a hidden tab their own timers hardly run.
  setInterval(() => {
    tell({ kind: "pulse", last, silentMs: tick() - heardAt });
    if (source && tick() - Math.max(heardAt, triedAt) > 12000) { tell({ kind: "trouble", last }); connect(); }
  }, 1000);

  function join(port) {
    port.onmessage = ({ data }) => {
      if (data.kind === "leave") { ports.delete(port); return; }
      ports.add(port);
      ({ address, check } = data);
      if (data.last > last) last = data.last;
      // After signing in again the page comes anew, and so does the stream.
      if (!source) connect();
      port.postMessage({ kind: "joined", last });
    };
  }

  if (typeof SharedWorkerGlobalScope !== "undefined" && self instanceof SharedWorkerGlobalScope) {
    self.addEventListener("connect", (event) => join(event.ports[0]));
  } else {
    // A browser without shared workers: one stream for each tab, by the same code.
    self.joinStation = join;
  }
})();
