// Links and forms inside the live list that open beside it. The list may be exchanged while their answer is on its way,
// and htmx drops an answer whose element is gone: so the place that it goes to asks.
"use strict";
(() => {
  // On a page of its own there is no place beside the list, and htmx would answer a click with nothing at all: its forms
  // and links are plain ones there. This runs before htmx looks at the page.
  if (!document.getElementById("detail")) {
    for (const each of document.querySelectorAll('[hx-target="#detail"]')) {
      for (const name of ["hx-get", "hx-post", "hx-target"]) each.removeAttribute(name);
    }
  }
  const open = (method, address, more = {}) => {
    const detail = document.getElementById("detail");
    htmx.ajax(method, address, { source: detail, target: detail, swap: "innerHTML", ...more });
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("#live a[data-part]");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open("GET", link.getAttribute("href"));
  });
  document.addEventListener("submit", (event) => {
    const form = event.target.closest?.("#live form[data-part]");
    if (!form) return;
    event.preventDefault();
    open("POST", form.getAttribute("action"));
  });
})();
