// The guest's requests on the page: the form, where each request stands, and the answers.
// What is written stays here until the privacy office has said that it is received; nothing is stored.

import { cleanText, listRequestIds, MOST_CHARACTERS, openAnswer, sealRequest, TooLong } from "/asking.js";

const KINDS = ["kept", "wrong", "object"];

/** The requests of one slip. `ui` has t, day, element, paragraph, card, refresh and getLanguage of the page. */
export class Requests {
  constructor(ui, slipKey, browserKey) {
    Object.assign(this, { ui, slipKey, browserKey });
    this.known = null; // [{number, standing, answer}], null until the office has answered
    this.hasFailed = false;
    this.isSending = false;
    this.draft = { kind: "kept", text: "", attach: false };
    this.notice = ""; // the name of a text
    this.error = "";
  }

  /** Tell whether something is written that was not received. */
  get isUnsent() {
    return this.draft.text.trim() !== "";
  }

  /** Ask where the requests stand. */
  async load() {
    try {
      const requests = await listRequestIds(this.slipKey);
      const standings = await post("/requests/states", JSON.stringify({ requests }));
      this.known = await Promise.all(standings.map(async (standing, index) => ({
        number: index + 1, standing,
        answer: standing?.answer ? await openAnswer(this.slipKey, index + 1, standing.answer).catch(() => null) : null,
      })));
      this.hasFailed = false;
    } catch {
      this.hasFailed = true;
    }
    this.ui.refresh();
  }

  /** Return the corrections, to be shown beside the record. */
  drawCorrections() {
    const { t, day, paragraph, card } = this.ui;
    return this.#held().filter(({ answer }) => answer?.is_correction).map(({ answer }) => card(t("correction_title"),
      paragraph(answer.text, "written"), paragraph(t("correction_by", { day: day(answer.answered_on) }), "quiet")));
  }

  /** Return the card of requests; `record` is the event that may be sent along, or null. */
  draw(record) {
    const { t, element, paragraph, card } = this.ui;
    const made = card(t("requests_title"), ...this.#drawNotices(), ...this.#held().map((each) => this.#drawOne(each)),
      ...(this.known === null && !this.hasFailed ? [paragraph(t("requests_loading"), "quiet")] : []),
      ...(this.hasFailed ? [paragraph(t("requests_unreachable"), "error"), element("button", {
        type: "button", class: "link", id: "reload", onclick: () => this.load(),
      }, t("try_again"))] : []),
      this.known !== null && this.#free() === undefined ? paragraph(t("requests_full"), "quiet") : this.#drawForm(record));
    made.id = "requests";
    return made;
  }

  /** Return the card only where there is a request. */
  drawKnown() {
    return this.#held().length || this.isUnsent ? [this.draw(null)] : [];
  }

  #held() {
    return (this.known ?? []).filter(({ standing }) => standing !== null);
  }

  #free() {
    return (this.known ?? []).find(({ standing }) => standing === null);
  }

  #drawNotices() {
    const { t, element } = this.ui;
    const notice = this.notice ? element("p", { class: "strong good", role: "status", id: "request-notice" }, t(this.notice)) : null;
    const error = this.error ? element("p", { class: "error", role: "alert", id: "request-error" }, t(this.error)) : null;
    return [notice, error].filter(Boolean);
  }

  #drawOne({ number, standing, answer }) {
    const { t, day, element, paragraph } = this.ui;
    const lines = [paragraph(t(`request_${standing.state}`, {
      by: day(standing.answer_by), ended: standing.ended_on ? day(standing.ended_on) : "",
      deleted: standing.deleted_on ? day(standing.deleted_on) : "",
    }), "strong")];
    if (standing.reason) lines.push(paragraph(t(`reason_${standing.reason}`)));
    if (standing.answer) lines.push(paragraph(answer ? answer.text : t("answer_sealed"), answer ? "written" : "error"));
    if (standing.delete_on) lines.push(paragraph(t("request_delete_on", { day: day(standing.delete_on) }), "quiet"));
    const title = t("request_number", { number, day: day(standing.received_at.slice(0, 10)) });
    return element("div", { class: "request", "data-state": standing.state }, element("h3", {}, title), ...lines);
  }

  #drawForm(record) {
    const { t, element, paragraph } = this.ui;
    const { draft, isSending } = this;
    const kinds = KINDS.map((kind) => element("label", { class: "choice" },
      element("input", {
        type: "radio", name: "kind", value: kind, id: `kind-${kind}`, checked: draft.kind === kind, disabled: isSending,
        oninput: () => { draft.kind = kind; },
      }), element("span", {}, t(`kind_${kind}`))));
    const field = element("textarea", {
      id: "request-text", rows: "5", maxlength: String(MOST_CHARACTERS), disabled: isSending,
      "aria-describedby": "request-hint", "aria-invalid": String(this.error === "request_empty"),
      oninput: (event) => { draft.text = event.target.value; },
    });
    field.value = draft.text;
    const attach = record && element("label", { class: "choice" },
      element("input", {
        type: "checkbox", id: "request-attach", checked: draft.attach, disabled: isSending,
        oninput: (event) => { draft.attach = event.target.checked; },
      }), element("span", {}, t("request_attach")));
    return element("form", { onsubmit: (event) => this.#submit(event, record), novalidate: true, id: "request-form" },
      element("fieldset", {}, element("legend", {}, t("request_kind")), ...kinds),
      element("label", { for: "request-text" }, t("request_text")), field,
      element("p", { id: "request-hint", class: "quiet" }, t("request_hint")),
      ...(attach ? [attach] : []), paragraph(t("request_who"), "quiet"),
      element("button", { type: "submit", class: "main", id: "request-send", disabled: isSending },
        t(isSending ? "request_sending" : "request_send")));
  }

  async #submit(event, record) {
    event.preventDefault();
    if (this.isSending) return;
    const text = cleanText(this.draft.text);
    if (!text) return this.#say("request_empty", "request-text");
    Object.assign(this, { isSending: true, error: "", notice: "" });
    this.ui.refresh();
    const problem = await this.#send(text, this.draft.attach ? record : null);
    this.isSending = false;
    if (problem) return this.#say(problem, "request-send");
    this.draft = { kind: "kept", text: "", attach: false };
    this.notice = "request_is_received";
    this.ui.refresh();
    document.getElementById("request-notice")?.scrollIntoView({ block: "center" });
  }

  /** Send what is written; return the name of what is to be said where it was not received. */
  async #send(text, record) {
    try {
      if (this.known === null) await this.load();
      const free = this.#free();
      if (free === undefined) return this.known === null ? "request_not_received" : "requests_full";
      const written = {
        kind: this.draft.kind, language: this.ui.getLanguage(), text, record: record ? JSON.stringify(record) : "",
      };
      const body = await sealRequest(this.slipKey, free.number, written, this.browserKey);
      free.standing = await post("/requests", body);
      this.hasFailed = false;
      return "";
    } catch (error) {
      if (error instanceof TooLong) return "request_too_long";
      if (error.message === "429") return "request_busy";
      if (error.message !== "409") return "request_not_received";
      // An earlier try arrived after all, with another text. This one can go as a further request.
      await this.load();
      return "request_earlier";
    }
  }

  #say(error, focused) {
    Object.assign(this, { error, notice: "" });
    this.ui.refresh();
    document.getElementById(focused)?.focus();
  }
}

async function post(path, body) {
  const type = typeof body === "string" ? "application/json" : "application/octet-stream";
  const response = await fetch(path, {
    method: "POST", headers: { "Content-Type": type }, body, credentials: "omit", cache: "no-store",
  });
  if (!response.ok) throw new Error(String(response.status));
  return response.json();
}
