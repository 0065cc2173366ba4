// @ts-check
// One schema of the API, as a tree.

import { html } from "../lit.js";
import { namedSchema } from "../openapi_schema.js";
import { empty, facts, foreign } from "../parts.js";
import { back, loadDocument, prose, tree, typed } from "./reference_parts.js";

/** @typedef {import("../screen.js").Screen} Screen */

/** @param {Screen} screen */
export const title = ({ params }) => `Schema ${params.name}`;

export const load = loadDocument;

/** @param {Screen} screen */
export function view(screen) {
  const { data: document, params } = screen, node = namedSchema(document, params.name);
  if (!node) return html`${empty(html`The API has no schema ${foreign(params.name)}.`)}${back()}`;
  return html`
    ${back()}
    <div class="prose">${prose(node.text)}</div>
    ${facts([["Type", typed(node)]])}
    ${tree(screen, document, node, "")}`;
}
