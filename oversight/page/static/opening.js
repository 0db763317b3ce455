// Opens the events of one stay in the guest's browser, byte for byte as records/ seals them
// (records/FORMAT.md: Slip, Envelope, Record part). Nothing here talks to a network or keeps anything.

import { readEvent } from "/event.js";

const HEADER_BYTES = 117;
const SIGNATURE_BYTES = 64;
const RENEWAL_BYTES = 224;
const MAX_ENVELOPE_BYTES = 32768;
const LAST_SECOND = 253402300799n; // of the year 9999
const COMMITMENT_BYTES = 32;
const GUEST_WRAP_END = COMMITMENT_BYTES + 48;
const CONTENT_OFFSET = GUEST_WRAP_END + 3520; // after the wrap for court and oversight
const PBKDF2_ROUNDS = 600000;
// Every AES-GCM key is derived for one message alone, so the nonce is constant.
const ZERO_NONCE = new Uint8Array(12);
const EMPTY = new Uint8Array(0);
const utf8 = new TextEncoder();

/** The number opens none of the records. */
export class WrongNumber extends Error {}

/** Records came, but none is what the counter sealed for this slip. */
export class NotGenuine extends Error {}

/** Return {slipKey, fingerprint} of a slip's URL fragment, or null where it is no slip's. */
export function parseFragment(fragment) {
  const match = /^#?v1\.([A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]{22})$/.exec(fragment);
  if (!match) return null;
  const [slipKey, fingerprint] = [match[1], match[2]].map(decodeBase64Url);
  return slipKey && fingerprint && { slipKey, fingerprint };
}

/** Return the normal form of a document number: NFKC, upper case, only A-Z and 0-9 kept. */
export function normaliseNumber(text) {
  return text.normalize("NFKC").toUpperCase().replace(/[^A-Z0-9]/g, "");
}

/** Return YYYYMMDD of a birth date typed as year, month, day, or "" where it is none. */
export function normaliseBirthDate(text) {
  const folded = text.normalize("NFKC").trim();
  const match = /^(\d{4})(\d{2})(\d{2})$/.exec(folded) ?? /^(\d{4})\D+(\d{1,2})\D+(\d{1,2})\D*$/.exec(folded);
  if (!match) return "";
  const [year, month, day] = [match[1], match[2].padStart(2, "0"), match[3].padStart(2, "0")];
  const date = new Date(`${year}-${month}-${day}T00:00:00Z`);
  // JavaScript turns 31 February into March; such a day is none.
  return !Number.isNaN(date.valueOf()) && date.getUTCDate() === Number(day) ? year + month + day : "";
}

/** Return the tag, in hexadecimal, by which the events of the stay are asked for. */
export async function deriveStayTag(slipKey) {
  return toHex(await hkdf(slipKey, EMPTY, context("stay tag"), 16));
}

/** Tell whether this browser can check Ed25519 signatures. */
async function canVerify() {
  // Any valid public key will do: this one is of RFC 8032, section 7.1, test 1.
  const known = readHex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  return crypto.subtle.importKey("raw", known, "Ed25519", false, ["verify"]).then(() => true, () => false);
}

/**
 * Open what came for a slip with what the guest typed (normal form).
 * Returns {events, verified, withheld, otherNumber}: the events oldest first, whether signatures could be
 * checked, and how many records were withheld as not genuine or did not open.
 * Throws WrongNumber or NotGenuine when no event is left.
 */
export async function openStay(answer, slip, secret) {
  const verified = await canVerify();
  const guestKey = await deriveGuestKey(slip.slipKey, secret);
  const stayTag = await deriveStayTag(slip.slipKey);
  const opened = [];
  let withheld = 0;
  let otherNumber = 0;
  for (const held of answer.events) {
    try {
      const envelope = parseEnvelope(decodeBase64(held.envelope));
      if (toHex(envelope.stayTag) !== stayTag) throw new NotGenuine();
      await checkSignature(envelope, answer, slip.fingerprint, verified);
      const event = await openPart(envelope, guestKey);
      opened.push({ event, envelope, receivedAt: held.received_at, deleteOn: held.delete_on });
    } catch (error) {
      if (error instanceof WrongNumber) otherNumber += 1;
      else withheld += 1;
    }
  }
  if (opened.length === 0) throw otherNumber > 0 ? new WrongNumber() : new NotGenuine();
  return { events: orderEvents(opened), verified, withheld, otherNumber };
}

async function deriveGuestKey(slipKey, secret) {
  const material = await crypto.subtle.importKey("raw", utf8.encode(secret), "PBKDF2", false, ["deriveBits"]);
  const salt = context("guest key", slipKey);
  const bits = await crypto.subtle.deriveBits(
    { name: "PBKDF2", hash: "SHA-256", salt, iterations: PBKDF2_ROUNDS }, material, 256);
  return new Uint8Array(bits);
}

function parseEnvelope(data) {
  const tooShort = data.length < HEADER_BYTES + CONTENT_OFFSET + SIGNATURE_BYTES;
  if (tooShort || data.length > MAX_ENVELOPE_BYTES) throw new NotGenuine();
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const part = data.subarray(HEADER_BYTES, data.length - SIGNATURE_BYTES);
  const envelope = {
    terminal: data.subarray(5, 21),
    generation: view.getUint32(21),
    sequence: view.getBigUint64(25),
    record: data.subarray(33, 49),
    replaces: data.subarray(49, 65),
    stayTag: data.subarray(65, 81),
    terminalKey: data.subarray(81, 89),
    capturedAt: view.getBigUint64(105),
    part,
    signed: data.subarray(0, data.length - SIGNATURE_BYTES),
    signature: data.subarray(data.length - SIGNATURE_BYTES),
  };
  const isRecord = toText(data.subarray(0, 4)) === "KRE1" && data[4] === 1 && view.getUint32(113) === part.length;
  const inRange = envelope.sequence >= 1n && envelope.sequence < 2n ** 63n && envelope.capturedAt <= LAST_SECOND;
  if (!isRecord || !inRange || equal(envelope.record, envelope.replaces)) throw new NotGenuine();
  return envelope;
}

async function checkSignature(envelope, answer, fingerprint, canVerifyHere) {
  const encoded = answer.terminal_keys[toHex(envelope.terminalKey)];
  if (encoded === undefined) throw new NotGenuine();
  const publicKey = decodeBase64(encoded);
  if (!equal(await keyId(publicKey), envelope.terminalKey)) throw new NotGenuine();
  if (!(await isCounters(publicKey, envelope.terminal, answer, fingerprint, canVerifyHere))) throw new NotGenuine();
  if (!canVerifyHere) return;
  if (!(await verifySigned(publicKey, "envelope", envelope.signed, envelope.signature))) throw new NotGenuine();
}

/**
 * Tell whether a key is the counter's. The service sends the key, but the slip, which came from the counter itself, says
 * which one it must be: that one, or one that follows it, or went before it, by renewals that both keys have signed.
 */
async function isCounters(publicKey, terminal, answer, fingerprint, canVerifyHere) {
  const renewals = [];
  for (const encoded of answer.key_renewals ?? []) {
    const renewal = await readRenewal(decodeBase64(encoded), terminal, canVerifyHere);
    if (renewal) renewals.push(renewal);
  }
  const believed = new Set([toHex(publicKey)]);
  // As often as there are renewals: each round reaches one key further.
  for (let round = 0; round < renewals.length; round += 1) {
    for (const { before, after } of renewals) {
      if (believed.has(before) || believed.has(after)) believed.add(before).add(after);
    }
  }
  for (const each of believed) {
    if (equal(await hkdf(readHex(each), EMPTY, context("terminal fingerprint"), 16), fingerprint)) return true;
  }
  return false;
}

/** Return {before, after} of a renewal of this terminal's key (records/FORMAT.md, "Key renewal"), or null. */
async function readRenewal(data, terminal, canVerifyHere) {
  const isRenewal = data.length === RENEWAL_BYTES && toText(data.subarray(0, 4)) === "KNR1";
  if (!isRenewal || !equal(data.subarray(4, 20), terminal)) return null;
  const [before, after] = [data.subarray(24, 56), data.subarray(56, 88)];
  if (canVerifyHere) {
    const byOld = await verifySigned(before, "key renewal", data.subarray(0, 96), data.subarray(96, 160));
    const byNew = await verifySigned(after, "key renewal proof", data.subarray(0, 160), data.subarray(160));
    if (!byOld || !byNew) return null;
  }
  return { before: toHex(before), after: toHex(after) };
}

async function verifySigned(publicKey, label, signed, signature) {
  const key = await crypto.subtle.importKey("raw", publicKey, "Ed25519", false, ["verify"]);
  return crypto.subtle.verify("Ed25519", key, signature, join(context(label), signed));
}

async function keyId(publicKey) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", publicKey)).subarray(0, 8);
}

async function openPart(envelope, guestKey) {
  const { part, record } = envelope;
  const bind = (label, ...more) => context(label, envelope.terminal, record, ...more);
  const commitment = part.subarray(0, COMMITMENT_BYTES);
  const wrapKey = await hkdf(guestKey, record, bind("guest wrap key", commitment));
  const eventKey = await decrypt(wrapKey, part.subarray(COMMITMENT_BYTES, GUEST_WRAP_END), bind("guest wrap"));
  if (eventKey === null) throw new WrongNumber();
  // AES-GCM alone would let two keys open one ciphertext to two records.
  if (!equal(await hkdf(eventKey, record, bind("commitment")), commitment)) throw new NotGenuine();
  const contentKey = await hkdf(eventKey, record, bind("content key"));
  const padded = await decrypt(contentKey, part.subarray(CONTENT_OFFSET), bind("content", commitment));
  if (padded === null) throw new NotGenuine();
  const event = readEvent(toText(unpad(padded)));
  checkHeader(envelope, event);
  return event;
}

// What central sorted by must be what the counter sealed.
function checkHeader(envelope, event) {
  const replaces = envelope.replaces.some((byte) => byte !== 0) ? toHex(envelope.replaces) : "";
  const capturedAt = BigInt(Math.floor(Date.parse(event.captured_at) / 1000));
  const agrees = event.record === toHex(envelope.record) && event.replaces === replaces;
  if (!agrees || capturedAt !== envelope.capturedAt) throw new NotGenuine();
}

export function unpad(padded) {
  const length = new DataView(padded.buffer, padded.byteOffset).getUint32(0);
  if (length > padded.length - 4 || padded.subarray(4 + length).some((byte) => byte !== 0)) throw new NotGenuine();
  return padded.subarray(4, 4 + length);
}

// Oldest first by the counter's own numbering, without the records that a correction has replaced.
function orderEvents(opened) {
  const replaced = new Set(opened.map(({ event }) => event.replaces));
  return opened
    .filter(({ event }) => !replaced.has(event.record))
    .sort(({ envelope: a }, { envelope: b }) =>
      a.generation - b.generation || (a.sequence < b.sequence ? -1 : a.sequence > b.sequence ? 1 : 0));
}

export function context(label, ...parts) {
  return join(utf8.encode(`KRE1\0${label}\0`), ...parts);
}

export async function hkdf(secret, salt, info, length = 32) {
  const material = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveBits"]);
  return new Uint8Array(await crypto.subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt, info }, material, length * 8));
}

export async function decrypt(keyBytes, ciphertext, additionalData) {
  const key = await crypto.subtle.importKey("raw", keyBytes, "AES-GCM", false, ["decrypt"]);
  const plain = crypto.subtle.decrypt({ name: "AES-GCM", iv: ZERO_NONCE, additionalData }, key, ciphertext);
  return plain.then((buffer) => new Uint8Array(buffer), () => null);
}

export function join(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

function equal(a, b) {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

export function decodeBase64(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

// Null where loose last bits would give one slip many links.
function decodeBase64Url(text) {
  const standard = text.replaceAll("-", "+").replaceAll("_", "/") + "==";
  const bytes = decodeBase64(standard);
  return btoa(String.fromCharCode(...bytes)) === standard ? bytes : null;
}

export function toHex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function readHex(text) {
  return Uint8Array.from(text.match(/../g), (pair) => parseInt(pair, 16));
}

export function toText(bytes) {
  return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
}
