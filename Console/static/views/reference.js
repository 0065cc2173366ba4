// @ts-check
// The API: all operations by what they are about, what receivers of webhooks get, and all schemas.

import { filters } from "../filters.js";
import { counted } from "../format.js";
import { html, nothing } from "../lit.js";
import { groupsOf, objectOf, operationsOf, schemaNames, textOf } from "../openapi.js";
import { empty, foreign } from "../parts.js";
import { address } from "../router.js";
import { code, line, loadDocument, prose } from "./reference_parts.js";

/**
 * @typedef {import("../screen.js").Screen} Screen
 * @typedef {import("../openapi.js").Operation} Operation
 */

export const title = "Reference of the API";

export const load = loadDocument;

/** @param {Screen} screen */
export const controls = (screen) => filters(screen, [{ name: "q", label: "Words to look for" }]);

/** @param {Screen} screen */
export function view({ data: document, query }) {
  const words = query.get("q"), groups = groupsOf(document, words), names = schemaNames(document, words), info = objectOf(document.info);
  const found = groups.reduce((sum, group) => sum + group.operations.length, 0);
  return html`
    ${words ? html`<p>${counted(found, "operation")} of ${operationsOf(document).length}, ${counted(names.length, "schema")}.</p>` : html`
      <div class="prose">${prose(textOf(info.description))}</div>
      <p>Version ${foreign(info.version)}. For tools: <a href="/api/openapi.json">the OpenAPI document</a>.</p>`}
    ${found || names.length ? nothing : empty(words ? "Nothing has all of these words." : "The document has no operations.")}
    ${groups.map(({ tag, text, operations }) => html`
      <section><h2>${foreign(tag)}</h2>
        ${text ? html`<p>${line(text)}</p>` : nothing}
        <ul class="operations">${operations.map(entry)}</ul></section>`)}
    ${names.length ? html`
      <section><h2>Schemas</h2>
        <ul class="counts">${names.map((name) => html`
          <li><a href=${address("/reference/schemas/{name}", { name })}>${foreign(name)}</a></li>`)}</ul></section>` : nothing}`;
}

/** @param {Operation} one */
const entry = (one) => html`
  <li><a href=${address("/reference/{operation}", { operation: one.id })}><code>${one.method} </code>${code(one.path)}</a>
    <span>${line(one.summary)}</span></li>`;
