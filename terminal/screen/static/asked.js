// What a receiving service asks: places and states are searched while their first letters are typed, and fields that
// depend on another's answer appear with it. The server has the tables; nothing is kept here.
"use strict";
(() => {
  const REST_MS = 150;
  const own = document.body.dataset;
  let resting = 0;
  let asked = 0;

  const form = () => document.querySelector("form.asked-form");
  const fold = (text) => text.normalize("NFKD").replace(/[^a-z0-9]+/gi, " ").trim().toLowerCase();

  function answer(name) {
    const chosen = form().querySelector(`input[name=${name}]:checked, input[name=${name}]:not([type=radio])`);
    return chosen ? chosen.value : "";
  }

  function unfold() {
    if (!form()) return;
    for (const box of form().querySelectorAll("[data-only-if], [data-unless]")) {
      const own = box.dataset;
      const isElse = own.onlyIf && fold(answer(own.onlyIf)) !== fold(own.is);
      box.hidden = isElse || (own.unless && own.among.split("|").map(fold).includes(fold(answer(own.unless))));
    }
  }

  async function search(input) {
    const question = ++asked;
    const found = document.getElementById(input.getAttribute("aria-controls"));
    let rows = [];
    try {
      const reply = await fetch("/asked/search", {
        method: "POST", body: new URLSearchParams({ table: input.dataset.search, text: input.value }),
        headers: { [own.tokenHeader]: own.token },
      });
      if (reply.ok) rows = (await reply.json()).rows;
    } catch (error) {
      return; // the screen says by itself that it has lost the counter
    }
    if (question !== asked || !input.isConnected) return;
    found.replaceChildren(...rows.map((text) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = text;
      button.addEventListener("click", () => choose(input, text));
      return button;
    }));
    open(input, rows.length > 0 && rows[0] !== input.value);
  }

  function choose(input, text) {
    input.value = text;
    open(input, false);
    input.dispatchEvent(new InputEvent("input", { bubbles: true, data: "chosen" }));
    clearTimeout(resting);
    input.focus();
  }

  function open(input, isOpen) {
    document.getElementById(input.getAttribute("aria-controls")).hidden = !isOpen;
    input.ariaExpanded = String(isOpen);
  }

  document.addEventListener("input", (event) => {
    if (!event.target.closest?.("form.asked-form")) return;
    unfold();
    if (!event.target.dataset.search || event.data === "chosen") return;
    clearTimeout(resting);
    resting = setTimeout(search, REST_MS, event.target);
  });

  // A field that was filled in advance is replaced by what is typed into it.
  document.addEventListener("focusin", (event) => {
    if (event.target.dataset?.search) event.target.select();
  });

  new MutationObserver(unfold).observe(document.getElementById("window"), { childList: true });
  unfold();
})();
