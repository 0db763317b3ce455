// The plaintext of a record (records/FORMAT.md, "Stay event"): exactly these members, so that nothing can be
// held that the page does not show.

import { WORDS } from "/words.js";

const text = (value) => typeof value === "string";
const matching = (pattern) => (value) => text(value) && pattern.test(value);
const code = (list) => (value) => text(value) && Object.hasOwn(WORDS.en[list], value);
const optional = (check, otherwise) => Object.assign((value) => check(value), { otherwise });
const orNothing = (shape) =>
  Object.assign((value) => value === null || typeof value === "object", { otherwise: null, inner: shape });
const listOf = (shape) => Object.assign((value) => Array.isArray(value) && value.length > 0, { each: shape });

const id = matching(/^[0-9a-f]{32}$/);
const day = (value) => matching(/^\d{4}-\d\d-\d\d$/)(value) && !Number.isNaN(Date.parse(value));
const time = (value) =>
  matching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/)(value) && !Number.isNaN(Date.parse(value));

const EVENT = {
  event: code("event"),
  record: id,
  replaces: (value) => value === "" || id(value),
  jurisdiction: text,
  profile: matching(/^[0-9a-f]{64}$/),
  venue: { id, name: text, address: optional(text, "") },
  guest: {
    names: listOf({ text, surname: optional(text, ""), given: optional(text, "") }),
    birth_date: day,
    sex: code("sex"),
    nationality: text,
    address: optional(text, ""),
    guardian: orNothing({ name: text, relation: code("relation"), phone: text }),
    document: {
      kind: code("kind"), number: text, issuing_state: text, how_read: code("how_read"), chip: code("chip"),
      typed: orNothing({ because: code("because"), shown: code("shown") }),
    },
  },
  stay: {
    room: text,
    arrived_at: time,
    planned_departure: day,
    departed_at: optional((value) => value === null || time(value), null),
  },
  captured_at: time,
};

/** Return the event of a record's JSON, its optional members filled in. Throws TypeError for any other form. */
export function readEvent(json) {
  const event = read(EVENT, JSON.parse(json));
  if (!isTypedOpenly(event.guest.document)) throw new TypeError("typed");
  return event;
}

// What was typed says why and from what, and nothing else does.
function isTypedOpenly({ kind, how_read: howRead, typed }) {
  if (typed === null) return howRead !== "typed" && kind !== "x00";
  const isWithout = typed.because === "no_document";
  const hasPaper = typed.shown === "document" || typed.shown === "copy";
  return howRead === "typed" && isWithout === (kind === "x00") && isWithout !== hasPaper;
}

function read(shape, value) {
  if (typeof shape === "function") {
    if (!shape(value)) throw new TypeError("member");
    if (shape.inner && value !== null) return read(shape.inner, value);
    return shape.each ? value.map((item) => read(shape.each, item)) : value;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new TypeError("object");
  if (Object.keys(value).some((name) => !Object.hasOwn(shape, name))) throw new TypeError("unknown member");
  return Object.fromEntries(Object.entries(shape).map(([name, inner]) => {
    if (!Object.hasOwn(value, name) && "otherwise" in inner) return [name, inner.otherwise];
    return [name, read(inner, value[name])];
  }));
}
