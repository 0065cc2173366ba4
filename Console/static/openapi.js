// @ts-check
// An OpenAPI document as the reference reads it: its operations, what passes a word, and what one needs. Pure. Names
// come from outside, an address or the document, and are looked up as own members alone.

/** @typedef {Record<string, any>} Json an object of the document, whatever is in it */
/**
 * One operation. `path` is below the server's address, and the name of a webhook that receivers get. `id` is what its
 * address has. `shared` are the parameters of all operations of its path.
 * @typedef {{id: string, method: string, path: string, tag: string, summary: string, isWebhook: boolean, operation: Json, shared: Json[]}} Operation
 * @typedef {{tag: string, text: string, isWebhook: boolean, operations: Operation[]}} Group
 * @typedef {{name: string, place: string, isRequired: boolean, text: string, schema: unknown, example: unknown}} Parameter
 */

const METHODS = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
const MAX_HOPS = 10;
const NO_TAG = "Others";

/** @param {unknown} value @returns {value is Json} */
export const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/** @param {unknown} value @returns {Json} */
export const objectOf = (value) => (isObject(value) ? value : {});

/** @param {unknown} value @returns {any[]} */
export const listOf = (value) => (Array.isArray(value) ? value : []);

/** @param {unknown} value */
export const textOf = (value) => (typeof value === "string" ? value : "");

/** The last part of a reference, which names it. @param {string} ref */
export const refName = (ref) => unescaped(ref.split("/").at(-1) ?? "");

/**
 * What a reference within the document leads to, or the value itself where it is none; null where it leads nowhere.
 * @param {Json} document
 * @param {unknown} value
 * @returns {any}
 */
export function resolve(document, value) {
  for (let hop = 0; hop < MAX_HOPS; hop += 1) {
    if (!isObject(value) || typeof value.$ref !== "string") return value ?? null;
    value = follow(document, value.$ref);
  }
  return null;
}

/** @param {Json} document @param {string} ref */
function follow(document, ref) {
  if (!ref.startsWith("#/")) return null;
  /** @type {any} */
  let found = document;
  for (const part of ref.slice(2).split("/").map(unescaped)) {
    if (!isObject(found) || !Object.hasOwn(found, part)) return null;
    found = found[part];
  }
  return found;
}

/** @param {string} part of a JSON Pointer in a fragment */
function unescaped(part) {
  try {
    part = decodeURIComponent(part);
  } catch {
    // It stands there as it is.
  }
  return part.replaceAll("~1", "/").replaceAll("~0", "~");
}

/**
 * All operations in the document's order, the webhooks that receivers get last.
 * @param {Json} document
 * @returns {Operation[]}
 */
export const operationsOf = (document) => [...within(document, document.paths, false), ...within(document, document.webhooks, true)];

/** @param {Json} document @param {unknown} paths @param {boolean} isWebhook @returns {Operation[]} */
const within = (document, paths, isWebhook) => Object.entries(objectOf(paths)).flatMap(([path, entry]) => {
  const item = objectOf(resolve(document, entry));
  return METHODS.filter((method) => isObject(item[method])).map((method) => {
    const operation = item[method];
    return {
      id: textOf(operation.operationId) || `${method} ${path}`, method: method.toUpperCase(), path, isWebhook, operation,
      tag: textOf(listOf(operation.tags)[0]) || NO_TAG, summary: textOf(operation.summary), shared: listOf(item.parameters),
    };
  });
});

/**
 * Whether a text has every word that is looked for, in any case.
 * @param {string} text
 * @param {string | null} words
 */
export function hasWords(text, words) {
  const all = text.toLowerCase();
  return (words ?? "").toLowerCase().split(/\s+/).every((word) => all.includes(word));
}

/**
 * Operations whose method, path, summary or id have all the words, by their first tag in the document's order. Webhooks
 * that receivers get are never among the hub's own operations.
 * @param {Json} document
 * @param {string | null} words
 * @returns {Group[]}
 */
export function groupsOf(document, words) {
  const tags = listOf(document.tags).map(objectOf);
  /** @type {Map<string, Group>} */
  const groups = new Map();
  for (const isWebhook of [false, true]) for (const { name } of tags) open(textOf(name), isWebhook);
  for (const one of operationsOf(document)) {
    const group = open(one.tag, one.isWebhook);
    if (hasWords(`${one.method} ${one.path} ${one.summary} ${one.id}`, words)) group.operations.push(one);
  }
  const found = [...groups.values()].filter((group) => group.operations.length);
  return found.sort((a, b) => Number(a.isWebhook) - Number(b.isWebhook));

  /** @param {string} tag @param {boolean} isWebhook */
  function open(tag, isWebhook) {
    const key = `${isWebhook} ${tag}`, text = textOf(tags.find(({ name }) => name === tag)?.description);
    const group = groups.get(key) ?? { tag, text, isWebhook, operations: [] };
    groups.set(key, group);
    return group;
  }
}

/** The names of the schemas that have all the words. @param {Json} document @param {string | null} [words] */
export const schemaNames = (document, words = null) =>
  Object.keys(objectOf(objectOf(document.components).schemas)).filter((name) => hasWords(name, words));

/**
 * The parameters of an operation. One that leads nowhere is there by its reference.
 * @param {Json} document
 * @param {Operation} one
 * @returns {Parameter[]}
 */
export function parametersOf(document, { operation, shared }) {
  /** @type {Map<string, Parameter>} */
  const found = new Map();
  for (const entry of [...shared, ...listOf(operation.parameters)]) {
    const one = objectOf(resolve(document, entry));
    const name = textOf(one.name) || textOf(objectOf(entry).$ref), place = textOf(one.in);
    found.set(`${place} ${name}`, {
      name, place, isRequired: one.required === true, text: textOf(one.description), schema: one.schema, example: exampleOf(document, one),
    });
  }
  return [...found.values()];
}

/**
 * The first example of a parameter, a header or a body; undefined where there is none.
 * @param {Json} document
 * @param {Json} of
 * @returns {unknown}
 */
export function exampleOf(document, of) {
  if (of.example !== undefined) return of.example;
  const [first] = Object.values(objectOf(of.examples));
  if (first !== undefined) return objectOf(resolve(document, first)).value;
  const schema = objectOf(resolve(document, of.schema));
  return schema.example ?? listOf(schema.examples)[0];
}

/**
 * The bodies of a request or an answer, those with the same schema together: `{types, schema, example}`.
 * @param {Json} document
 * @param {unknown} content
 * @returns {{types: string[], schema: unknown, example: unknown}[]}
 */
export function bodiesOf(document, content) {
  /** @type {Map<string, {types: string[], schema: unknown, example: unknown}>} */
  const found = new Map();
  for (const [type, entry] of Object.entries(objectOf(content))) {
    const media = objectOf(resolve(document, entry)), key = JSON.stringify(media.schema) ?? "";
    /** @type {{types: string[], schema: unknown, example: unknown}} */
    const body = found.get(key) ?? { types: [], schema: media.schema, example: undefined };
    body.types.push(type);
    body.example ??= exampleOf(document, media);
    found.set(key, body);
  }
  return [...found.values()];
}

/**
 * What one must have to call an operation: one of each of `steps`, a list of names of schemes. Where the document's
 * alternatives are no such product there is one step, of names with " and " between them. `isOptional`: nothing will do.
 * @param {Json} document
 * @param {Operation} one
 * @returns {{isOptional: boolean, steps: string[][]}}
 */
export function securityOf(document, { operation }) {
  const all = listOf(operation.security ?? document.security).map((one) => Object.keys(objectOf(one)));
  const wanted = all.filter((names) => names.length), isOptional = wanted.length < all.length || all.length === 0;
  if (wanted.length === 0) return { isOptional, steps: [] };
  const size = wanted[0].length;
  const steps = wanted[0].map((_, place) => [...new Set(wanted.map((names) => names[place]))]);
  const isProduct = wanted.every((names) => names.length === size) && new Set(wanted.map(String)).size === steps.reduce((product, step) => product * step.length, 1);
  return { isOptional, steps: isProduct ? steps : [wanted.map((names) => names.join(" and "))] };
}
