// Of a browser's tabs one sounds: the one that is looked at, else the one touched last. Each tells the others once a
// second whether it can sound and does. A tab is silent on another's word alone while that word is fresh and the other
// does sound: one that closes, stands still or loses its sound is followed by the next within three seconds. Nobody
// can see from here that a tab was muted, so what nobody has answered after half a minute sounds in all of them.
"use strict";
function makeTabs(changed) {
  const FRESH_MS = 2500, PATIENCE_MS = 1500, ALL_MS = 30000, EACH_MS = 900;
  const line = "BroadcastChannel" in window ? new BroadcastChannel("sound of the station") : null;
  const own = { id: crypto.getRandomValues(new Uint32Array(2)).join("-"), isSeen: false, touchedAt: 0, can: false, rings: false };
  const others = new Map();
  let wantedAt = 0, told = "", toldAt = 0;

  const isBefore = (one, other) =>
    one.isSeen !== other.isSeen ? one.isSeen : one.touchedAt !== other.touchedAt ? one.touchedAt > other.touchedAt : one.id > other.id;
  line?.addEventListener("message", ({ data }) => {
    if (data.isGone) others.delete(data.id);
    else others.set(data.id, { ...data, heardAt: performance.now() });
    changed();
  });
  for (const kind of ["pointerdown", "keydown"]) document.addEventListener(kind, () => { own.touchedAt = Date.now(); }, true);
  document.addEventListener("visibilitychange", changed);
  const leave = () => line?.postMessage({ id: own.id, isGone: true });
  addEventListener("pagehide", leave);
  document.addEventListener("freeze", leave);

  return {
    // Whether this tab is to sound, where something is to.
    mayRing(isWanted) {
      const now = performance.now(); // which nobody can put back: else a tab that died would be believed for as long
      wantedAt = isWanted ? wantedAt || now : 0;
      own.isSeen = document.visibilityState === "visible";
      if (isWanted && now - wantedAt > ALL_MS) return true;
      const isNew = now - wantedAt < PATIENCE_MS; // the other may hear of it a moment later
      return ![...others.values()].some(
        (tab) => now - tab.heardAt < FRESH_MS && tab.can && isBefore(tab, own) && (tab.rings || isNew || !isWanted),
      );
    },
    tell(can, rings) {
      own.can = can;
      own.rings = rings;
      const said = JSON.stringify(own), now = performance.now();
      if (said === told && now - toldAt < EACH_MS) return;
      [told, toldAt] = [said, now];
      line?.postMessage(own);
    },
  };
}
