// Seals a guest's request in the browser, and opens the answer (records/FORMAT.md, "Guests' requests").
// HPKE (RFC 9180) with P-256, HKDF-SHA256 and AES-256-GCM: what every browser's WebCrypto has.

import { context, decodeBase64, decrypt, hkdf, join, toHex, toText, unpad } from "/opening.js";

export const MOST_REQUESTS = 4;
export const MOST_CHARACTERS = 1000;
const PLAIN_BYTES = 16384;
const ANSWER_BYTES = 16 + 16384 + 16;
const SALT_BYTES = 16;
const EMPTY = new Uint8Array(0);
// An empty key, as HMAC pads it; some browsers take no empty one.
const NO_KEY = new Uint8Array(32);
const utf8 = new TextEncoder();
const VERSION = utf8.encode("HPKE-v1");
const KEM_SUITE = join(utf8.encode("KEM"), [0, 0x10]);
const SUITE = join(utf8.encode("HPKE"), [0, 0x10, 0, 1, 0, 2]);

/** The request does not fit, most likely for what is sent along. */
export class TooLong extends Error {}

/** Return the ids, in hexadecimal, of all the requests that a stay may have. */
export async function listRequestIds(slipKey) {
  const numbers = Array.from({ length: MOST_REQUESTS }, (_, index) => index + 1);
  return Promise.all(numbers.map(async (number) => toHex(await deriveRequestId(slipKey, number))));
}

/** Return a text as it is sent: one kind of line end, nothing that only a machine sees. */
export function cleanText(text) {
  return text.replace(/\r\n?/g, "\n").replace(/[^\P{Cc}\n]|\p{Cs}/gu, " ").trim();
}

/** Return the body of a request: id, mark and what only the privacy officer can open. Throws TooLong. */
export async function sealRequest(slipKey, number, { kind, language, text, record }, browserKey) {
  const request = await deriveRequestId(slipKey, number);
  const answerKey = await hkdf(slipKey, EMPTY, context("answer key", [number]));
  const json = utf8.encode(JSON.stringify({ kind, language, text, answer_key: encodeBase64(answerKey), record }));
  if (json.length + 4 > PLAIN_BYTES) throw new TooLong();
  const padded = new Uint8Array(PLAIN_BYTES);
  new DataView(padded.buffer).setUint32(0, json.length);
  padded.set(json, 4);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", padded));
  const mark = await hkdf(answerKey, request, context("request mark", digest), 16);
  return join(request, mark, await sealTo(decodeBase64(browserKey), padded, context("request", request)));
}

/** Return {text, is_correction, answered_on} of an answer, or null where it does not open. */
export async function openAnswer(slipKey, number, encoded) {
  const sealed = decodeBase64(encoded);
  if (sealed.length !== ANSWER_BYTES) return null;
  const request = await deriveRequestId(slipKey, number);
  const answerKey = await hkdf(slipKey, EMPTY, context("answer key", [number]));
  const key = await hkdf(answerKey, sealed.subarray(0, SALT_BYTES), context("answer content key", request));
  const padded = await decrypt(key, sealed.subarray(SALT_BYTES), context("answer", request));
  return padded && JSON.parse(toText(unpad(padded)));
}

function deriveRequestId(slipKey, number) {
  return hkdf(slipKey, EMPTY, context("request id", [number]), 16);
}

// RFC 9180, sections 4.1, 5.1 and 6.1: base mode, one message.
async function sealTo(publicKey, plaintext, info) {
  const curve = { name: "ECDH", namedCurve: "P-256" };
  const receiver = await crypto.subtle.importKey("raw", publicKey, curve, false, []);
  const ephemeral = await crypto.subtle.generateKey(curve, false, ["deriveBits"]);
  const encapsulated = new Uint8Array(await crypto.subtle.exportKey("raw", ephemeral.publicKey));
  const shared = new Uint8Array(
    await crypto.subtle.deriveBits({ name: "ECDH", public: receiver }, ephemeral.privateKey, 256));
  const secret = await hkdf(
    label(KEM_SUITE, "eae_prk", shared), EMPTY,
    size(32, label(KEM_SUITE, "shared_secret", join(encapsulated, publicKey))), 32);
  const noId = await extract(NO_KEY, label(SUITE, "psk_id_hash", EMPTY));
  const schedule = join([0], noId, await extract(NO_KEY, label(SUITE, "info_hash", info)));
  const expand = (name, length) =>
    hkdf(label(SUITE, "secret", EMPTY), secret, size(length, label(SUITE, name, schedule)), length);
  const key = await crypto.subtle.importKey("raw", await expand("key", 32), "AES-GCM", false, ["encrypt"]);
  const iv = await expand("base_nonce", 12);
  return join(encapsulated, new Uint8Array(await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, plaintext)));
}

async function extract(salt, material) {
  const key = await crypto.subtle.importKey("raw", salt, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, material));
}

function label(suite, name, material) {
  return join(VERSION, suite, utf8.encode(name), material);
}

function size(length, labelled) {
  return join([0, length], labelled);
}

function encodeBase64(bytes) {
  return btoa(String.fromCharCode(...bytes));
}
