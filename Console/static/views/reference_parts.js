// @ts-check
// What the screens of the reference are made of: the document, descriptions, schemas as trees, bodies.

import { openApi } from "../calls.js";
import { json, visible } from "../format.js";
import { html, nothing } from "../lit.js";
import { children } from "../openapi_schema.js";
import { block, copy, foreign } from "../parts.js";
import { blocksOf, spansOf } from "../prose.js";
import { address } from "../router.js";

/**
 * @typedef {import("../screen.js").Screen} Screen
 * @typedef {import("../openapi.js").Json} Json
 * @typedef {import("../openapi_schema.js").Node} Node
 * @typedef {import("../prose.js").Span} Span
 */

/** As long as the hub lets anybody keep it. */
const MILLISECONDS = 300_000;
/** @type {{document: Json | null, until: number}} */
const kept = { document: null, until: 0 };

/**
 * The hub's own document, one for all screens of the reference.
 * @param {Screen} screen
 * @returns {Promise<Json>}
 */
export async function loadDocument(screen) {
  if (!kept.document || performance.now() >= kept.until) {
    kept.document = await openApi({ signal: screen.signal });
    kept.until = performance.now() + MILLISECONDS;
  }
  return kept.document;
}

/** A description. @param {string} text */
export const prose = (text) => blocksOf(text).map((one) => one.kind === "list"
  ? html`<ul>${one.items.map((item) => html`<li>${item.map(span)}</li>`)}</ul>`
  : html`<p>${one.spans.map(span)}</p>`);

/** A description within a line. @param {string} text */
export const line = (text) => html`<bdi>${spansOf(text.replace(/\s+/g, " ")).map(span)}</bdi>`;

/** @param {Span} one */
const span = ({ kind, text }) =>
  kind === "code" ? html`<code>${visible(text)}</code>` : kind === "strong" ? html`<strong>${visible(text)}</strong>` : html`${visible(text)}`;

/** @param {unknown} value */
export const code = (value) => html`<code>${visible(typeof value === "object" ? JSON.stringify(value) : value)}</code>`;

/** The way back. */
export const back = () => html`<p><a href=${address("/reference")}>All operations</a></p>`;

/**
 * Something folded, whose content is drawn when somebody opens it.
 * @param {Screen} screen
 * @param {string} key what tells it from all others of the screen
 * @param {unknown} name
 * @param {() => unknown} content
 * @param {boolean} [isOpen] to begin with
 */
export function fold(screen, key, name, content, isOpen = false) {
  const folds = /** @type {Map<string, boolean>} */ (screen.state.folds ??= new Map()), open = folds.get(key) ?? isOpen;
  const toggled = (/** @type {Event} */ event) => {
    const now = /** @type {HTMLDetailsElement} */ (event.currentTarget).open;
    if (now === (folds.get(key) ?? isOpen)) return;
    folds.set(key, now);
    screen.update();
  };
  return html`<details class="fold" ?open=${open} @toggle=${toggled}><summary>${name}</summary>${open ? content() : nothing}</details>`;
}

/** The type of a value, which leads to its schema if that has a name, and its limits. @param {Node} node */
export const typed = (node) => html`
  <span class="type">${node.ref ? html`<a href=${address("/reference/schemas/{name}", { name: node.ref })}>${foreign(node.type)}</a>` : foreign(node.type)}</span>${
  node.limits.map((limit) => html`; ${foreign(limit)}`)}`;

/**
 * What is in a value, as a tree: schemas with a name open at a press, where it is not the first.
 * @param {Screen} screen
 * @param {Json} document
 * @param {Node} node
 * @param {string} key
 * @returns {unknown}
 */
export function tree(screen, document, node, key) {
  if (!node.inside) return nothing;
  return html`<ul class="tree">${children(document, node.inside).map((child) => html`
    <li>
      ${child.isChoice ? html`<em>${foreign(child.name)}</em>` : code(child.name)} ${typed(child)}${
        child.isRequired ? html` <span class="must">required</span>` : nothing}
      ${child.text ? html`<div class="note">${line(child.text)}</div>` : nothing}
      ${child.isAgain ? html`<div class="note">It is described further up.</div>`
        : child.ref && child.inside ? fold(screen, `${key}/${child.name}`, html`What is in ${foreign(child.ref)}`, () => tree(screen, document, child, `${key}/${child.name}`))
          : tree(screen, document, child, `${key}/${child.name}`)}
    </li>`)}</ul>`;
}

/**
 * A value as JSON, or a text as it is.
 * @param {unknown} value
 * @param {string} label
 */
export function example(value, label) {
  if (value === undefined) return nothing;
  const text = typeof value === "string" ? value : json(value);
  return html`<div class="sample"><p class="toolbar"><span>Example</span>${copy(text, label.toLowerCase())}</p>${block(text, label)}</div>`;
}
