// @ts-check
// One operation of the API, or one of the requests that receivers get: what it takes, what it answers, and how it is called.

import { visible } from "../format.js";
import { html, nothing } from "../lit.js";
import { bodiesOf, exampleOf, objectOf, operationsOf, parametersOf, resolve, securityOf, textOf } from "../openapi.js";
import { curlOf, schemeOf } from "../openapi_curl.js";
import { rootOf } from "../openapi_schema.js";
import { block, copy, empty, foreign, state, table } from "../parts.js";
import { back, code, example, fold, line, loadDocument, prose, tree, typed } from "./reference_parts.js";

/**
 * @typedef {import("../screen.js").Screen} Screen
 * @typedef {import("../openapi.js").Json} Json
 * @typedef {import("../openapi.js").Operation} Operation
 */

/** @type {Record<string, "good" | "off" | "bad" | "wait">} by the first digit of a status */
const KINDS = { 2: "good", 3: "off", 4: "wait", 5: "bad" };

/** @param {Screen} screen */
export const title = ({ data, params }) => (data ? find(data, params.operation)?.summary || params.operation : "Operation");

export const load = loadDocument;

/** @param {Json} document @param {string} id */
const find = (document, id) => operationsOf(document).find((one) => one.id === id);

/** @param {Screen} screen */
export function view(screen) {
  const { data: document, params } = screen, one = find(document, params.operation);
  if (!one) return html`${empty(html`The API has no operation ${foreign(params.operation)}.`)}${back()}`;
  const { operation } = one;
  return html`
    ${back()}
    <p class="operation"><strong><code>${one.method}</code></strong> ${one.isWebhook ? "to the address of the webhook" : code(one.path)}
      ${operation.deprecated === true ? state("deprecated", "wait") : nothing}</p>
    <div class="prose">${prose(textOf(operation.description))}</div>
    ${operation.operationId ? html`<p class="note">In the document, and in clients made from it: ${code(one.id)}</p>` : nothing}
    ${one.isWebhook ? nothing : security(document, one)}
    ${parameters(document, one)}
    ${requestBody(screen, document, operation)}
    <h2>${one.isWebhook ? "What the receiver answers" : "Answers"}</h2>
    ${Object.entries(objectOf(operation.responses)).toSorted(byStatus).map(([status, entry]) => response(screen, document, status, objectOf(resolve(document, entry))))}
    ${one.isWebhook ? nothing : curl(document, one)}`;
}

/** 2XX behind 200, and default last: objects have their numbers first. @param {[string, unknown]} a @param {[string, unknown]} b */
const byStatus = ([a], [b]) => (a < b ? -1 : 1);

/** @param {Json} document @param {Operation} one */
function security(document, one) {
  const { isOptional, steps } = securityOf(document, one);
  if (steps.length === 0) return html`<h2>Who may call it</h2><p>Anybody: it takes no key.</p>`;
  return html`
    <h2>Who may call it</h2>
    ${isOptional ? html`<p>Anybody; who shows who they are may get more.</p>` : nothing}
    ${steps.map((step, place) => html`
      <p>${place ? "And with" : "With"} ${step.length > 1 ? "one of these:" : "this:"}</p>
      <ul>${step.map((name) => html`<li>${scheme(document, name)}</li>`)}</ul>`)}`;
}

/** @param {Json} document @param {string} name */
function scheme(document, name) {
  const found = objectOf(schemeOf(document, name));
  const place = found.type === "apiKey" ? html`${foreign(found.in)} ${code(found.name)}` : found.type === "http" ? html`header <code>Authorization</code>, ${foreign(found.scheme)}` : nothing;
  return html`<strong>${foreign(name)}</strong>${place === nothing ? nothing : html` (${place})`}${found.description ? html`: ${line(textOf(found.description))}` : nothing}`;
}

/** @param {Json} document @param {Operation} one */
function parameters(document, one) {
  const rows = parametersOf(document, one);
  if (rows.length === 0) return nothing;
  return html`
    <h2>Parameters</h2>
    ${table({
      caption: one.isWebhook ? "Headers of the request" : "In path, query and headers", rows, key: ({ place, name }) => `${place} ${name}`,
      columns: [
        { name: "Name", isHead: true, cell: ({ name }) => code(name) },
        { name: "In", cell: ({ place }) => foreign(place) },
        { name: "Required", cell: ({ isRequired }) => (isRequired ? "required" : "no") },
        { name: "Type", cell: ({ schema }) => typed(rootOf(document, schema)) },
        { name: "Meaning", isWide: true, cell: ({ text, example: value }) => html`${line(text)}${value === undefined ? nothing : html` Example: ${code(value)}`}` },
      ],
    })}`;
}

/** @param {Screen} screen @param {Json} document @param {Json} operation */
function requestBody(screen, document, operation) {
  const body = objectOf(resolve(document, operation.requestBody));
  if (!body.content) return nothing;
  return html`
    <h2>Body of the request</h2>
    ${body.required === true ? nothing : html`<p>It may be left out.</p>`}
    <div class="prose">${prose(textOf(body.description))}</div>
    ${bodies(screen, document, body.content, "request", "the request")}`;
}

/** @param {Screen} screen @param {Json} document @param {string} status @param {Json} answer */
const response = (screen, document, status, answer) => fold(
  screen, `status ${status}`,
  html`<h3>${state(status, KINDS[status[0]] ?? "off")}</h3> ${line(textOf(answer.description).split("\n")[0])}`,
  () => html`
    <div class="prose">${prose(textOf(answer.description).split("\n").slice(1).join("\n"))}</div>
    ${answer.content ? bodies(screen, document, answer.content, status, `the answer ${visible(status)}`) : html`<p>Its body is empty.</p>`}
    ${headers(document, status, objectOf(answer.headers))}`,
  status.startsWith("2"),
);

/** @param {Json} document @param {string} status @param {Json} named */
function headers(document, status, named) {
  const rows = Object.entries(named).map(([name, entry]) => ({ name, header: objectOf(resolve(document, entry)) }));
  if (rows.length === 0) return nothing;
  return table({
    caption: `Headers of ${visible(status)}`, rows, key: ({ name }) => name,
    columns: [
      { name: "Header", isHead: true, cell: ({ name }) => code(name) },
      { name: "Sent", cell: ({ header }) => (header.required === true ? "always" : "at times") },
      { name: "Type", cell: ({ header }) => typed(rootOf(document, header.schema)) },
      { name: "Meaning", isWide: true, cell: ({ header }) => meaning(document, header) },
    ],
  });
}

/** @param {Json} document @param {Json} header */
function meaning(document, header) {
  const value = exampleOf(document, header);
  return html`${line(textOf(header.description))}${value === undefined ? nothing : html` Example: ${code(value)}`}`;
}

/** @param {Screen} screen @param {Json} document @param {unknown} content @param {string} key @param {string} of */
const bodies = (screen, document, content, key, of) => bodiesOf(document, content).map((body, place) => {
  const node = rootOf(document, body.schema);
  return html`
    <p>${body.types.map((type, index) => html`${index ? ", " : nothing}${code(type)}`)}: ${typed(node)}</p>
    ${node.text ? html`<p class="note">${line(node.text)}</p>` : nothing}
    ${tree(screen, document, node, `${key} ${place}`)}
    ${example(body.example, `Example of ${of}`)}`;
});

/** @param {Json} document @param {Operation} one */
function curl(document, one) {
  const { text, variables } = curlOf(document, one, location.origin);
  return html`
    <h2>With curl</h2>
    ${variables.length ? html`<p>Put your keys into ${variables.map((name, place) => html`${place ? " and " : nothing}<code>${visible(name)}</code>`)} first,
      so that they stand in no history of commands.</p>` : nothing}
    <div class="sample"><p class="toolbar">${copy(text, "command")}</p>${block(text, "Command")}</div>`;
}
