// Times come in the server's zone; whoever looks from another one sees their own.
"use strict";
(() => {
  const pad = (n) => String(n).padStart(2, "0");
  const clock = (at) => `${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`;

  // The day before the month, as the service itself writes it.
  const language = document.documentElement.lang === "en" ? "en-GB" : document.documentElement.lang;
  const write = {
    clock,
    exact: (at) => `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())} ${clock(at)}`,
    whole: (at, each) => at.toLocaleString(each.closest("[lang]").lang === "en" ? "en-GB" : each.closest("[lang]").lang, {
      year: "numeric", month: "long", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
    }),
    moment: (at) => at.toLocaleString(language, {
      month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
    }),
  };

  function moveTimes(root) {
    for (const each of root.querySelectorAll("time[datetime]")) {
      const text = each.getAttribute("datetime");
      const at = new Date(text);
      const [, sign, hours, minutes] = text.match(/([+-])(\d\d):(\d\d)$/) || [null, "+", "0", "0"];
      const zone = (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
      if (zone === -at.getTimezoneOffset()) continue;
      each.textContent = write[each.dataset.form || "moment"](at, each);
    }
  }

  document.addEventListener("htmx:afterSwap", (event) => moveTimes(event.target));
  moveTimes(document);
})();
