// Asks a security key to sign, and sends what it signed with its form. Shown only where the browser can do that.
"use strict";
(() => {
  const toBytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const toText = (bytes) =>
    btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const canAsk = Boolean(window.PublicKeyCredential && navigator.credentials);

  const readAsked = async (form) => {
    if (form.dataset.key === "create") return JSON.parse(form.dataset.asked);
    const answer = await fetch(form.dataset.asked, { method: "POST" });
    if (!answer.ok) throw new Error("not asked");
    return answer.json();
  };

  const sign = async (kind, asked) => {
    asked.challenge = toBytes(asked.challenge);
    if (kind === "get") return navigator.credentials.get({ publicKey: asked });
    asked.user.id = toBytes(asked.user.id);
    asked.excludeCredentials = asked.excludeCredentials.map((each) => ({ ...each, id: toBytes(each.id) }));
    return navigator.credentials.create({ publicKey: asked });
  };

  const write = (made) => {
    const response = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (made.response[name]) response[name] = toText(made.response[name]);
    }
    return JSON.stringify({ id: made.id, rawId: toText(made.rawId), type: made.type, response });
  };

  const show = (form, name) => {
    for (const each of ["waiting", "failed", "known"]) form.querySelector(`[data-${each}]`).hidden = each !== name;
  };

  const attach = (form) => {
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      // Where something else has to be typed too, it goes along, and is asked for first.
      const beside = form.closest("[data-with]");
      const other = beside ? document.querySelector(beside.dataset.with) : null;
      const typed = other ? [...other.elements].filter((each) => each.name && each.name !== "code") : [];
      if (!typed.every((each) => each.reportValidity())) return;
      const button = form.querySelector("button");
      button.disabled = true;
      show(form, "waiting");
      try {
        form.elements.signed.value = write(await sign(form.dataset.key, await readAsked(form)));
        for (const each of typed) {
          const copy = document.createElement("input");
          copy.type = "hidden";
          copy.name = each.name;
          copy.value = each.value;
          form.append(copy);
        }
        form.submit();
      } catch (error) {
        button.disabled = false;
        show(form, error.name === "InvalidStateError" ? "known" : "failed");
      }
    });
  };

  if (!canAsk) return;
  const begin = (part) => {
    part.querySelectorAll("[data-no-keys]").forEach((each) => each.remove());
    part.querySelectorAll("form[data-key]").forEach(attach);
  };
  begin(document);
  document.addEventListener("htmx:afterSwap", (event) => begin(event.target));
})();
