// @ts-check
// The form of a webhook: from a webhook to fields, from fields to what is sent, and what the hub's refusal says of which
// field. Pure, but for the random bytes of a secret.

import { parse } from "./exactjson.js";
import { MASK } from "./webhooks.js";

/**
 * @typedef {{key: number, name: string, value: string, isJson: boolean, isSecret: boolean}} Row a header or a property
 * @typedef {{
 *   name: string, targetUrl: string, type: string, state: string, description: string, errorsEmail: string,
 *   errorEmails: string, secret: string, events: string[], headers: Row[], properties: Row[],
 * }} Form
 * @typedef {Record<string, any>} Webhook
 */

/** The fields that errors can be about, and what they are called. */
export const LABELS = {
  name: "Name", events: "Events", targetUrl: "Target", type: "Type", state: "State", secret: "Secret", headers: "Headers",
  properties: "Properties", description: "Description", errorsEmail: "E-mail for errors", errorEmails: "Further e-mails",
  sealedHeaders: "Headers",
};

let lastKey = 0;

/** @param {Partial<Row>} [row] @returns {Row} */
export const newRow = (row = {}) => ({ key: ++lastKey, name: "", value: "", isJson: false, isSecret: false, ...row });

/** @returns {Form} */
export const blankForm = () => ({
  name: "", targetUrl: "", type: "webhook", state: "Active", description: "", errorsEmail: "", errorEmails: "", secret: "",
  events: [], headers: [], properties: [],
});

/**
 * The fields of a stored webhook. Its secret is not among them.
 * @param {Webhook} webhook
 * @returns {Form}
 */
export const formOf = (webhook) => ({
  name: webhook.name, targetUrl: webhook.targetUrl, type: webhook.type, state: webhook.state,
  description: webhook.description ?? "", errorsEmail: webhook.errorsEmail ?? "", errorEmails: webhook.errorEmails.join("\n"),
  secret: "", events: [...webhook.events], headers: rowsOf(webhook.headers, webhook), properties: rowsOf(webhook.properties, webhook),
});

/**
 * @param {Record<string, unknown> | null} values
 * @param {Webhook} webhook
 * @returns {Row[]}
 */
const rowsOf = (values, { sealedHeaders }) => Object.entries(values ?? {}).map(([name, value]) => newRow({
  name, value: typeof value === "string" ? value : JSON.stringify(value), isJson: typeof value !== "string",
  isSecret: includes(sealedHeaders ?? [], name),
}));

/**
 * What the fields say, by the names of members. `before` is the webhook that is edited: what the form does not show of it
 * stays. Only call it for a form in which `wrongRows` finds nothing.
 * @param {Form} form
 * @param {Webhook | null} before
 */
export function webhookOf(form, before) {
  const secret = [...form.headers, ...form.properties].filter((row) => row.isSecret).map((row) => row.name.trim()).filter(Boolean);
  // Names that belong to no row (they may lie deeper in a property) stay, and so does the order.
  const kept = (before?.sealedHeaders ?? []).filter((/** @type {string} */ name) => !includes(namesOf(before), name) || includes(secret, name));
  const sealed = [...kept, ...unique(secret).filter((name) => !includes(kept, name))];
  return {
    name: form.name, events: form.events, targetUrl: form.targetUrl.trim(), type: form.type, state: form.state,
    description: form.description || null, errorsEmail: form.errorsEmail.trim() || null,
    errorEmails: form.errorEmails.split("\n").map((line) => line.trim()).filter(Boolean),
    headers: valuesOf(form.headers), properties: valuesOf(form.properties),
    sealedHeaders: sealed.length || before?.sealedHeaders ? sealed : null,
  };
}

/** @param {Webhook | null} webhook */
const namesOf = (webhook) => [...Object.keys(webhook?.headers ?? {}), ...Object.keys(webhook?.properties ?? {})];

/** @param {Row[]} rows */
function valuesOf(rows) {
  const named = rows.filter((row) => row.name.trim());
  if (named.length === 0) return null;
  return Object.fromEntries(named.map(({ name, value, isJson }) => [name.trim(), isJson ? parse(value) : value]));
}

/**
 * What is wrong with rows before anything is sent: what JSON could not carry. By the names of fields.
 * @param {Form} form
 * @returns {Record<string, string>}
 */
export function wrongRows({ headers, properties }) {
  /** @type {Record<string, string>} */
  const wrong = {};
  for (const [field, rows] of /** @type {[string, Row[]][]} */ ([["headers", headers], ["properties", properties]])) {
    const names = rows.map((row) => row.name.trim());
    const folded = field === "headers" ? names.map((name) => name.toLowerCase()) : names;
    const twice = names.find((name, place) => name && folded.indexOf(folded[place]) !== place);
    const text = rows.find((row) => row.name.trim() && row.isJson && !isJson(row.value));
    const bare = rows.find((row) => !row.name.trim() && row.value);
    if (bare) wrong[field] = "There is a value without a name.";
    else if (twice !== undefined) wrong[field] = `${twice} is there twice.`;
    else if (text) wrong[field] = `${text.name.trim()} is not valid JSON.`;
  }
  return wrong;
}

/** @param {string} text */
function isJson(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * The changes of an edited webhook as a JSON Patch: what was changed must still be what it was, so that nobody's work is
 * overwritten unseen; what was not changed is left alone. [] where nothing was.
 * @param {Webhook} before
 * @param {Form} form
 */
export function changesOf(before, form) {
  const after = webhookOf(form, before);
  return Object.entries(after).filter(([name, value]) => !isSame(before[name], value)).flatMap(([name, value]) => {
    const path = `/${name.charAt(0).toUpperCase()}${name.slice(1)}`;
    const test = name === "sealedHeaders" ? [] : [{ op: "test", path, value: before[name] ?? null }];
    return [...test, { op: "add", path, value }];
  });
}

/**
 * What a save does besides storing, for people to read before they press it.
 * @param {Webhook | null} before
 * @param {Form} form
 */
export function saveSays(before, form) {
  const test = "Save first sends one test event to the target. It must be answered with a 2xx status, or nothing is stored.";
  const quiet = "Save stores it without calling the receiver.";
  if (form.state !== "Active") return `${quiet} Nothing is delivered until it is set active.`;
  if (!before || before.state !== "Active") return test;
  if (["targetUrl", "type"].some((name) => before[name] !== /** @type {any} */ (form)[name])) return test;
  return isSame(formOf(before).headers.map(plain), form.headers.map(plain)) ? quiet : test;
}

/** @param {Row} row */
const plain = ({ name, value }) => [name, value];

/**
 * What the hub refuses, by the names of fields. It names all that is wrong in one sentence: "Name is required; Events
 * must ...". Null where the sentence is about no field.
 * @param {string} message
 * @returns {Record<string, string> | null}
 */
export function wrongOf(message) {
  const members = Object.keys(LABELS).map((name) => name.charAt(0).toUpperCase() + name.slice(1)).join("|");
  const begin = new RegExp(`^(?:${members})(?=[/ :.\\[])`);
  if (!begin.test(message)) return null;
  /** @type {Record<string, string>} */
  const wrong = {};
  for (const piece of message.split(new RegExp(`; (?=(?:${members})[/ :.\\[])`))) {
    const member = /** @type {RegExpExecArray} */ (begin.exec(piece))[0];
    const name = member === "SealedHeaders" ? "headers" : member.charAt(0).toLowerCase() + member.slice(1);
    wrong[name] = wrong[name] ? `${wrong[name]}; ${piece}` : piece;
  }
  return wrong;
}

/** The secret that signs is kept by its mask. @param {Webhook | null} before @param {Form} form */
export const secretFor = (before, form) => (before ? (before.secret ? MASK : null) : form.secret || null);

/**
 * A secret of 32 random bytes, as Standard Webhooks writes it.
 * @param {(bytes: Uint8Array) => Uint8Array} [fill]
 */
export const newSecret = (fill = (bytes) => crypto.getRandomValues(bytes)) =>
  `whsec_${btoa(String.fromCharCode(...fill(new Uint8Array(32))))}`;

/**
 * The names of events that one types at once, which blanks and commas part.
 * @param {string[]} events
 * @param {string} text
 */
export const withEvents = (events, text) => unique([...events, ...text.toLowerCase().split(/[\s,;]+/).filter(Boolean)]);

/** @param {string[]} texts */
const unique = (texts) => [...new Set(texts)];

/** @param {string[]} names @param {string} name */
const includes = (names, name) => names.some((one) => one.toLowerCase() === name.toLowerCase());

/** Whether two JSON values are the same; a missing one is null, and nothing in a list or an object is null too.
 * @param {unknown} one @param {unknown} other */
const isSame = (one, other) => JSON.stringify(empty(one)) === JSON.stringify(empty(other));

/** @param {unknown} value */
const empty = (value) => (value === undefined || value === "" || (typeof value === "object" && value && Object.keys(value).length === 0) ? null : value);
