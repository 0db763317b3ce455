// Shows nothing by itself: a touch on a notification brings the station's page to the front.
"use strict";
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(self.clients.matchAll({ type: "window", includeUncontrolled: true }).then((open) => {
    const page = open.find((each) => new URL(each.url).pathname === "/") ?? open[0];
    return page ? page.focus() : self.clients.openWindow("/");
  }));
});
