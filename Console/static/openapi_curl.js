// @ts-check
// A call of an operation as a command for a shell. Pure. Keys are variables of the shell, so none is ever in the text; all
// else is quoted, for the document may say what it likes.

import { bodiesOf, isObject, objectOf, parametersOf, resolve, securityOf, textOf } from "./openapi.js";

/**
 * @typedef {import("./openapi.js").Json} Json
 * @typedef {import("./openapi.js").Operation} Operation
 * @typedef {import("./openapi.js").Parameter} Parameter
 */

/**
 * The command, and the variables that it takes.
 * @param {Json} document
 * @param {Operation} one
 * @param {string} origin where the hub is: scheme, host and port
 * @returns {{text: string, variables: string[]}}
 */
export function curlOf(document, one, origin) {
  const parameters = parametersOf(document, one).filter((parameter) => parameter.isRequired);
  const body = bodiesOf(document, objectOf(resolve(document, one.operation.requestBody)).content)[0];
  const proofs = proofsOf(document, one);
  const parts = [
    `curl${one.method === "GET" ? "" : ` -X ${one.method}`} ${urlOf(document, one, parameters, origin, proofs.query)}`,
    ...proofs.options,
    ...parameters.filter(({ place }) => place === "header").map((header) => `-H ${single(`${header.name}: ${sample(document, header)}`)}`),
    ...(body ? [`-H ${single(`Content-Type: ${body.types[0]}`)}`, body.example === undefined ? "--data @body" : `--data ${single(written(body.example))}`] : []),
  ];
  return { text: parts.join(" \\\n  "), variables: proofs.variables };
}

/**
 * @param {Json} document
 * @param {Operation} one
 * @param {Parameter[]} parameters
 * @param {string} origin
 * @param {string[]} proofs
 */
function urlOf(document, { path }, parameters, origin, proofs) {
  const of = (/** @type {string} */ place) => parameters.filter((parameter) => parameter.place === place);
  const filled = of("path").reduce((text, parameter) => text.replaceAll(`{${parameter.name}}`, () => encodeURIComponent(sample(document, parameter))), path);
  const query = of("query").map((parameter) => `${encodeURIComponent(parameter.name)}=${encodeURIComponent(sample(document, parameter))}`);
  const server = textOf(objectOf(Array.isArray(document.servers) ? document.servers[0] : null).url);
  const base = /^[a-z]+:/i.test(server) ? server : origin + server;
  const url = `${base}${filled}${query.length ? `?${query.join("&")}` : ""}`;
  return proofs.length ? `${double(url + (query.length ? "&" : "?"))}${proofs.join("\\&")}` : single(url);
}

/**
 * What shows who calls: the first way of each step.
 * @param {Json} document
 * @param {Operation} one
 */
function proofsOf(document, one) {
  const { isOptional, steps } = securityOf(document, one);
  /** @type {{options: string[], query: string[], variables: string[]}} */
  const proofs = { options: [], query: [], variables: [] };
  if (isOptional) return proofs;
  for (const name of steps.flatMap((step) => step[0].split(" and "))) {
    const scheme = objectOf(schemeOf(document, name)), variable = variableOf(name);
    proofs.variables.push(variable);
    if (scheme.type === "apiKey" && scheme.in === "query") proofs.query.push(`${double(`${encodeURIComponent(scheme.name)}=`)}"$${variable}"`);
    else if (scheme.type === "apiKey" && scheme.in === "cookie") proofs.options.push(`-b "${escaped(`${scheme.name}=`)}$${variable}"`);
    else if (scheme.type === "apiKey") proofs.options.push(`-H "${escaped(`${scheme.name}: `)}$${variable}"`);
    else if (textOf(scheme.scheme).toLowerCase() === "basic") proofs.options.push(`-u "$${variable}"`);
    else proofs.options.push(`-H "Authorization: Bearer $${variable}"`);
  }
  return proofs;
}

/**
 * A way to show who calls, by its name; null where the document has none.
 * @param {Json} document
 * @param {string} name
 */
export function schemeOf(document, name) {
  const schemes = objectOf(objectOf(document.components).securitySchemes);
  return Object.hasOwn(schemes, name) ? resolve(document, schemes[name]) : null;
}

/** `functionKeyHeader` is FUNCTION_KEY: where it goes is no part of what it is. @param {string} name */
const variableOf = (name) => {
  const bare = name.replace(/(?<=.)(Header|Query|Bearer|Cookie)$/, "");
  return bare.replace(/(?<=[a-z0-9])(?=[A-Z])/g, "_").replace(/\W/g, "_").replace(/^(?=\d)/, "_").toUpperCase();
};

/**
 * A value for a parameter: its example, or its name in capitals.
 * @param {Json} document
 * @param {Parameter} parameter
 */
function sample(document, { name, schema, example }) {
  const shape = objectOf(resolve(document, schema));
  const value = example ?? shape.const ?? shape.default ?? (Array.isArray(shape.enum) ? shape.enum[0] : undefined);
  return value === undefined ? name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, "_").toUpperCase() : written(value);
}

/** @param {unknown} value */
const written = (value) => (isObject(value) || Array.isArray(value) ? JSON.stringify(value, null, 2) : String(value));

/** @param {string} text */
const single = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** @param {string} text */
const double = (text) => `"${escaped(text)}"`;

/** Within double quotes. @param {string} text */
const escaped = (text) => text.replace(/["$`\\]/g, "\\$&");
