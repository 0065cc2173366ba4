// @ts-check
// A JSON Schema as a tree for people: each value with its type, its limits, and what is in it. Pure. What is in a value is
// asked for level by level, so a schema that has itself in it ends where nobody looks on; and it is cut there all the same.

import { isObject, listOf, objectOf, refName, resolve, textOf } from "./openapi.js";

/**
 * One value. `ref` is the name of a schema of the document, `isAgain` that it stands further up already. `inside` is what
 * children takes, null where nothing is in it.
 * @typedef {import("./openapi.js").Json} Json
 * @typedef {{schema: Json, above: string[], depth: number}} Inside
 * @typedef {{name: string, isChoice: boolean, isRequired: boolean, type: string, ref: string | null, isAgain: boolean, limits: string[], text: string, inside: Inside | null}} Node
 * @typedef {Omit<Node, "name" | "isChoice" | "isRequired">} Shape
 */

const SCHEMAS = "#/components/schemas/";
const MAX_DEPTH = 30;
const CHOICES = /** @type {const} */ (["oneOf", "anyOf", "allOf"]);

/**
 * A schema without a name: of a parameter, or of a body.
 * @param {Json} document
 * @param {unknown} schema
 * @returns {Node}
 */
export const rootOf = (document, schema) => ({ name: "", isChoice: false, isRequired: false, ...shape(document, schema, [], 0) });

/**
 * A schema of the document by its name; null where there is none.
 * @param {Json} document
 * @param {string} name
 */
export function namedSchema(document, name) {
  const schemas = objectOf(objectOf(document.components).schemas);
  if (!Object.hasOwn(schemas, name)) return null;
  const inner = shape(document, schemas[name], [SCHEMAS + name], 0);
  return { ...rootOf(document, true), ...inner };
}

/**
 * What is in a value: its members, or the choices of which it is one.
 * @param {Json} document
 * @param {Inside} inside
 * @returns {Node[]}
 */
export function children(document, { schema, above, depth }) {
  const required = new Set(listOf(schema.required));
  /** @param {string} name @param {unknown} one @param {boolean} [isChoice] @returns {Node} */
  const node = (name, one, isChoice = false) =>
    ({ name, isChoice, isRequired: !isChoice && required.has(name), ...shape(document, one, above, depth + 1) });
  return [
    ...Object.entries(objectOf(schema.properties)).map(([name, one]) => node(name, one)),
    ...Object.entries(objectOf(schema.patternProperties)).map(([pattern, one]) => node(`names like ${pattern}`, one, true)),
    ...(isObject(schema.additionalProperties) ? [node("any other name", schema.additionalProperties, true)] : []),
    ...listOf(schema.prefixItems).map((one, place) => node(`item ${place + 1}`, one, true)),
    ...choicesOf(schema).map((one, place) => node(textOf(objectOf(one).title) || `choice ${place + 1}`, one, true)),
  ];
}

/**
 * @param {Json} document
 * @param {unknown} schema
 * @param {string[]} above the references on the way here
 * @param {number} depth
 * @returns {Shape}
 */
function shape(document, schema, above, depth) {
  if (!isObject(schema)) return plain(schema === false ? "nothing" : "anything");
  if (depth > MAX_DEPTH) return plain("…");
  if (typeof schema.$ref === "string") return referred(document, schema, schema.$ref, above, depth);
  const [only, ...others] = choicesOf(schema).filter((one) => objectOf(one).type !== "null");
  if (only !== undefined && others.length === 0 && !schema.properties) {
    const inner = shape(document, only, above, depth + 1), isNull = choicesOf(schema).length > 1;
    return { ...inner, type: isNull ? `${inner.type} or null` : inner.type, limits: [...limitsOf(schema), ...inner.limits], text: textOf(schema.description) || inner.text };
  }
  const own = { ...plain(typeOf(schema)), limits: limitsOf(schema), text: textOf(schema.description) };
  if (isObject(schema.items)) {
    const each = shape(document, schema.items, above, depth + 1);
    return {
      ...own, type: own.type.replace(/^array\b/, `array of ${each.type}`), ref: each.ref, isAgain: each.isAgain, inside: each.inside,
      limits: [...own.limits, ...each.limits.map((limit) => `each ${limit}`)],
    };
  }
  return { ...own, inside: hasChildren(schema) ? { schema, above, depth } : null };
}

/**
 * @param {Json} document
 * @param {Json} schema
 * @param {string} ref
 * @param {string[]} above
 * @param {number} depth
 * @returns {Shape}
 */
function referred(document, schema, ref, above, depth) {
  const name = refName(ref), target = resolve(document, { $ref: ref });
  const named = { ...plain(name), ref: ref.startsWith(SCHEMAS) && target !== null ? name : null, text: textOf(schema.description) };
  if (target === null) return { ...named, limits: ["not in this document"] };
  if (above.includes(ref)) return { ...named, isAgain: true };
  const inner = shape(document, target, [...above, ref], depth + 1);
  return { ...inner, ...named, text: named.text || inner.text, limits: inner.limits, inside: inner.inside };
}

/** @param {string} type @returns {Shape} */
const plain = (type) => ({ type, ref: null, isAgain: false, limits: [], text: "", inside: null });

/** @param {Json} schema @returns {any[]} */
const choicesOf = (schema) => CHOICES.flatMap((name) => listOf(schema[name]));

/** @param {Json} schema */
const hasChildren = (schema) => isObject(schema.additionalProperties) || listOf(schema.prefixItems).length > 0 || choicesOf(schema).length > 0
  || [schema.properties, schema.patternProperties].some((members) => Object.keys(objectOf(members)).length > 0);

/** @param {Json} schema */
function typeOf(schema) {
  const types = listOf(schema.type).length ? listOf(schema.type) : schema.type ? [schema.type] : guessed(schema);
  return types.map(String).join(" or ");
}

/** The type where none is named. @param {Json} schema */
function guessed(schema) {
  if (listOf(schema.oneOf).length || listOf(schema.anyOf).length) return ["one of these"];
  if (listOf(schema.allOf).length) return ["all of these"];
  if (schema.properties || schema.additionalProperties) return ["object"];
  if (schema.items || schema.prefixItems) return ["array"];
  const values = "const" in schema ? [schema.const] : listOf(schema.enum);
  return values.length ? [...new Set(values.map((value) => (value === null ? "null" : typeof value)))] : ["anything"];
}

/**
 * What a value must be besides its type, each in a few words.
 * @param {Json} schema
 * @returns {string[]}
 */
export function limitsOf(schema) {
  const written = (/** @type {unknown} */ value) => JSON.stringify(value);
  return [
    textOf(schema.format),
    "const" in schema ? `always ${written(schema.const)}` : "",
    Array.isArray(schema.enum) ? `one of ${schema.enum.map(written).join(", ")}` : "",
    range(schema.minimum, schema.maximum, ""),
    range(schema.exclusiveMinimum, schema.exclusiveMaximum, "", ["more than", "less than"]),
    range(schema.minLength, schema.maxLength, "character"),
    range(schema.minItems, schema.maxItems, "item"),
    range(schema.minProperties, schema.maxProperties, "member"),
    schema.multipleOf === undefined ? "" : `a multiple of ${schema.multipleOf}`,
    schema.uniqueItems === true ? "no item twice" : "",
    schema.pattern === undefined ? "" : `matches ${schema.pattern}`,
    schema.propertyNames === undefined ? "" : namesOf(objectOf(schema.propertyNames)),
    schema.additionalProperties === false ? "no other members" : "",
    schema.default === undefined ? "" : `${written(schema.default)} if left out`,
    schema.writeOnly === true ? "in requests alone" : "",
    schema.readOnly === true ? "in answers alone" : "",
    schema.deprecated === true ? "deprecated" : "",
    textOf(objectOf(schema.discriminator).propertyName) ? `${schema.discriminator.propertyName} says which` : "",
  ].filter(Boolean);
}

/** @param {Json} schema of names */
function namesOf(schema) {
  const limits = limitsOf(schema);
  return limits.length ? `names: ${limits.join(", ")}` : "";
}

/**
 * @param {unknown} least
 * @param {unknown} most
 * @param {string} what
 * @param {[string, string]} [words]
 */
function range(least, most, what, words = ["at least", "at most"]) {
  const behind = what ? ` ${what}${(most ?? least) === 1 ? "" : "s"}` : "";
  if (least === undefined && most === undefined) return "";
  if (least === most) return `exactly ${least}${behind}`;
  if (least === undefined || (least === 0 && what && most !== undefined)) return `${words[1]} ${most}${behind}`;
  if (most === undefined) return least === 0 && what ? "" : `${words[0]} ${least}${behind}`;
  return words[0] === "at least" ? `${least} to ${most}${behind}` : `${words[0]} ${least}, ${words[1]} ${most}${behind}`;
}
