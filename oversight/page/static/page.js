// The guest page. The slip's key is read from the link and leaves the address bar at once; what the guest
// types is used here and sent nowhere. The only question that goes out is a tag that names nobody.

import {
  deriveStayTag, normaliseBirthDate, normaliseNumber, NotGenuine, openStay, parseFragment, WrongNumber,
} from "/opening.js";
import { Requests } from "/requests.js";
import { TEXTS } from "/texts.js";
import { nameCode, nameCountry, writeDay, writeTime } from "/words.js";

const state = {
  language: navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en",
  view: "loading", // loading, no_slip, no_crypto, not_found, deleted, unreachable, busy, ask, open, not_genuine
  profile: null,
  slip: null,
  answer: null,
  stay: null,
  by: "number", // or birth
  typed: "",
  error: "",
  isOpening: false,
  requests: null, // where there is a privacy office
};

// Texts. t() has the names of texts.js.

function t(name, values = {}) {
  return TEXTS[state.language][name].replace(/\{(\w+)\}/g, (_, key) => values[key]);
}

const day = (value) => writeDay(state.language, value);
const time = (value) => writeTime(state.language, value);
const code = (table, value) => nameCode(state.language, table, value);
const list = (values) => [...new Set(values)].filter(Boolean).join(t("list_separator"));

// Elements: textContent only, so that nothing in a record can become markup.

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "onclick" || name === "oninput" || name === "onsubmit") made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

const paragraph = (text, className = "") => element("p", className ? { class: className } : {}, text);

function card(title, ...content) {
  return element("section", { class: "card" }, element("h2", {}, title), ...content);
}

function facts(rows) {
  const shown = rows.filter(([, value]) => value);
  return element("dl", {}, ...shown.map(([name, value]) =>
    element("div", {}, element("dt", {}, name), element("dd", {}, value))));
}

// Views: each returns the cards of one state.

const views = {
  loading: () => [element("section", { class: "card", role: "status" }, paragraph(t("loading")))],
  no_slip: () => [notice("no_slip")],
  no_crypto: () => [notice("no_crypto")],
  not_found: () => [notice("not_found", retryButton()), ...(state.requests?.drawKnown() ?? []), ...redressCards()],
  unreachable: () => [notice("unreachable", retryButton())],
  busy: () => [notice("busy", retryButton())],
  not_genuine: () => [notice("not_genuine"), ...redressCards()],
  deleted: () => [
    card(t("deleted_title"), paragraph(t("deleted_on", { day: day(state.answer.tombstone.deleted_on) }), "strong"),
      paragraph(t("deleted"))),
    ...(state.requests?.drawCorrections() ?? []), disclosureCard(), ...requestsCards(null), ...redressCards(),
  ],
  ask: () => [askCard()],
  open: () => openCards(),
};

function notice(name, ...more) {
  return element("section", { class: "card", role: "alert" },
    element("h2", {}, t(`${name}_title`)), paragraph(t(name)), ...more);
}

function retryButton() {
  return element("button", { type: "button", class: "main", id: "retry", onclick: fetchStay }, t("try_again"));
}

function askCard() {
  const byNumber = state.by === "number";
  const describedBy = state.error ? "hint error" : "hint";
  return card(t("ask_title"), paragraph(t("ask_intro")),
    element("form", { onsubmit: submit, novalidate: true, autocomplete: "off" },
      element("label", { for: "secret" }, t(byNumber ? "number_label" : "birth_label")),
      element("input", {
        id: "secret", type: "text", value: state.typed, autocomplete: "off", autocapitalize: "characters",
        spellcheck: "false", maxlength: "40", inputmode: byNumber ? "text" : "numeric",
        "aria-describedby": describedBy, "aria-invalid": String(Boolean(state.error)), disabled: state.isOpening,
        oninput: (event) => { state.typed = event.target.value; },
      }),
      element("p", { id: "hint", class: "quiet" }, t(byNumber ? "number_hint" : "birth_hint")),
      state.error ? element("p", { id: "error", class: "error", role: "alert" }, t(state.error)) : null,
      element("button", { type: "submit", class: "main", id: "open", disabled: state.isOpening },
        t(state.isOpening ? "opening" : "open_button")),
      element("button", { type: "button", class: "link", id: "other", disabled: state.isOpening, onclick: switchSecret },
        t(byNumber ? "use_birth" : "use_number"))),
    paragraph(t("local_note"), "quiet"));
}

function openCards() {
  const { events, withheld, otherNumber } = state.stay;
  const latest = events.at(-1);
  return [
    withheld ? element("section", { class: "card", role: "alert" }, paragraph(t("some_withheld", { count: withheld }), "error")) : null,
    otherNumber ? element("section", { class: "card", role: "alert" }, paragraph(t("some_other", { count: otherNumber }))) : null,
    latest.event.event === "cancel" ? element("section", { class: "card", id: "cancelled" }, paragraph(t("cancelled"), "strong")) : null,
    guestCard(latest.event), ...(state.requests?.drawCorrections() ?? []), houseCard(latest.event),
    card(t("until_title"), paragraph(t("until", { day: day(latest.deleteOn) }), "strong"),
      paragraph(t("until_rule", { days: state.answer.retention_days }), "quiet")),
    disclosureCard(),
    card(t("sealed_title"), paragraph(t(latest.event.guest.document.number ? "sealed" : "sealed_no_number"))),
    card(t("genuine_title"), paragraph(t(state.stay.verified ? "verified" : "not_verified"))),
    historyCard(events), ...requestsCards(latest.event), ...redressCards(paragraph(t("redress_correct"), "quiet")), detailsCard(latest),
  ].filter((each) => each !== null);
}

function guestCard({ guest }) {
  return card(t("held_title"), facts([
    [t("name"), list(guest.names.map((name) => name.text))],
    [t("surname"), list(guest.names.map((name) => name.surname))],
    [t("given"), list(guest.names.map((name) => name.given))],
    [t("document"), code("kind", guest.document.kind)],
    [t("number"), guest.document.number || t("no_number")],
    [t("issuing_state"), nameCountry(state.language, guest.document.issuing_state)],
    [t("birth_date"), day(guest.birth_date)],
    [t("sex"), code("sex", guest.sex)],
    [t("nationality"), nameCountry(state.language, guest.nationality)],
    [t("address"), guest.address],
    [t("how_read"), code("how_read", guest.document.how_read)],
    [t("typed_because"), guest.document.typed && code("because", guest.document.typed.because)],
    [t("typed_shown"), guest.document.typed && code("shown", guest.document.typed.shown)],
    [t("guardian"), guest.guardian?.name],
    [t("guardian_relation"), guest.guardian && code("relation", guest.guardian.relation)],
    [t("guardian_phone"), guest.guardian?.phone],
    [t("chip_check"), code("chip", guest.document.chip)],
  ]));
}

function houseCard({ event, venue, stay }) {
  return card(t("house_title"),
    facts([
      [t("house"), venue.name],
      [t("house_address"), venue.address],
      [t("room"), stay.room],
      [t("arrived"), time(stay.arrived_at)],
      [t("planned_departure"), day(stay.planned_departure)],
      [t("departed"), event === "cancel" ? "" : stay.departed_at ? time(stay.departed_at) : t("not_departed")],
    ]),
    paragraph(t("time_note"), "quiet"));
}

function disclosureCard() {
  const { disclosures } = state.answer;
  const opened = disclosures.map((each) => facts([
    [t("court"), each.court], [t("order"), each.order], [t("ground"), each.ground], [t("opened_on"), day(each.opened_on)],
  ]));
  return card(t("disclosed_title"),
    paragraph(t(opened.length ? "disclosed" : "not_disclosed"), "strong"), ...opened, paragraph(t("delay_note"), "quiet"));
}

function historyCard(events) {
  return card(t("history_title"), element("ol", {}, ...events.map(({ event, deleteOn }) =>
    element("li", {}, element("span", {}, code("event", event.event)),
      element("span", { class: "quiet" }, time(event.captured_at)),
      element("span", { class: "quiet" }, t("history_until", { day: day(deleteOn) }))))));
}

// What is left of the members of a record: nothing is held that this page does not show.
function detailsCard({ event, receivedAt }) {
  const { profile } = state;
  return element("section", { class: "card" }, element("details", {}, element("summary", {}, t("details_title")), facts([
    [t("jurisdiction"), event.jurisdiction === profile.id ? profile.name[state.language] : event.jurisdiction],
    [t("received_at"), time(receivedAt)],
    [t("record_id"), event.record],
    [t("replaces_id"), event.replaces],
    [t("house_id"), event.venue.id],
    [t("profile_digest"), event.profile],
  ])));
}

function requestsCards(record) {
  return state.requests ? [state.requests.draw(record)] : [];
}

function redressCards(...more) {
  const { law, authority, redress } = state.profile;
  return [
    card(t("law_title"), paragraph(law[state.language]), facts([[t("law_by"), authority[state.language]]])),
    card(t("redress_title"), paragraph(redress[state.language]), ...more),
  ];
}

function render() {
  document.documentElement.lang = state.language === "zh" ? "zh-CN" : "en";
  document.title = `${t("title")} · ${t("product")}`;
  const focused = document.activeElement?.id;
  document.getElementById("page").replaceChildren(
    element("header", {},
      element("div", {}, paragraph(t("product"), "product"), element("h1", {}, t("title"))),
      element("button", { type: "button", id: "language", lang: state.language === "zh" ? "en" : "zh", onclick: switchLanguage },
        t("switch"))),
    state.profile?.is_demonstration ? element("aside", { class: "demo" }, t("demo")) : "",
    element("main", { id: "view", "data-view": state.view }, ...views[state.view]()),
    element("footer", {}, paragraph(t("colophon")),
      element("a", { href: "/SHA256SUMS", target: "_blank", rel: "noreferrer" }, t("sums"))));
  if (focused) document.getElementById(focused)?.focus();
}

const REQUESTS_UI = {
  t, day, element, paragraph, card, refresh: () => render(), getLanguage: () => state.language,
};

// What happens.

function change(values) {
  Object.assign(state, values);
  render();
}

function switchLanguage() {
  change({ language: state.language === "zh" ? "en" : "zh" });
}

function switchSecret() {
  change({ by: state.by === "number" ? "birth" : "number", typed: "", error: "" });
  document.getElementById("secret").focus();
}

async function submit(event) {
  event.preventDefault();
  const byNumber = state.by === "number";
  const secret = byNumber ? normaliseNumber(state.typed) : normaliseBirthDate(state.typed);
  if (!secret) return refuse(byNumber ? "empty_number" : "bad_birth");
  change({ isOpening: true, error: "" });
  // Two frames, so that "opening" is on the screen before the slow derivation begins.
  await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  try {
    const stay = await openStay(state.answer, state.slip, secret);
    change({ stay, view: "open", typed: "", isOpening: false });
    state.requests?.load();
    window.scrollTo(0, 0);
  } catch (error) {
    state.isOpening = false;
    if (error instanceof WrongNumber) refuse(byNumber ? "wrong_number" : "wrong_birth");
    else if (error instanceof NotGenuine) change({ view: "not_genuine", typed: "" });
    else throw error;
  }
}

function refuse(error) {
  change({ error });
  document.getElementById("secret").focus();
}

async function fetchStay() {
  change({ view: "loading" });
  try {
    state.profile ??= await ask("/profile.json");
    const body = JSON.stringify({ stay_tag: await deriveStayTag(state.slip.slipKey) });
    state.answer = await ask("/relay/stays", { method: "POST", headers: { "Content-Type": "application/json" }, body });
  } catch (error) {
    return change({ view: error.message === "429" ? "busy" : "unreachable" });
  }
  const { events, tombstone } = state.answer;
  const key = state.profile.browser_key;
  if (key && !state.requests) state.requests = new Requests(REQUESTS_UI, state.slip.slipKey, key);
  change({ view: events.length ? "ask" : tombstone ? "deleted" : "not_found" });
  if (!events.length) state.requests?.load();
}

async function ask(path, options = {}) {
  const response = await fetch(path, { ...options, credentials: "omit", cache: "no-store" });
  if (!response.ok) throw new Error(String(response.status));
  return response.json();
}

async function start() {
  const fragment = location.hash;
  // Out of the address bar and the history, so that nobody who looks at either can open the page again.
  history.replaceState(null, "", location.pathname);
  Object.assign(state, { slip: parseFragment(fragment), view: "loading", answer: null, stay: null, typed: "", error: "", requests: null });
  render();
  if (!globalThis.crypto?.subtle) return change({ view: "no_crypto" });
  state.profile = await ask("/profile.json").catch(() => null);
  if (state.slip === null) return change({ view: "no_slip" });
  await fetchStay();
}

// A second slip opened in the same tab changes only the fragment: begin again with it.
addEventListener("hashchange", () => location.hash && start());

// What was written and not received is nowhere but here.
addEventListener("beforeunload", (event) => state.requests?.isUnsent && event.preventDefault());

await start();
