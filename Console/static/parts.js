// @ts-check
// The parts that screens are made of. Each is a function from values to a template.
//
//   table({caption, columns, rows, key, empty})   columns: [{name, cell: (row) => ..., isHead, isNumber}]; one has isHead
//   filters(screen, fields)                       a form whose values lie in the address
//   toolbar(...actions)   action(screen, text, run, options)   buttons that do something
//   state(word, kind)     a word with a shape and a colour; kinds: good, bad, wait, off
//   when(iso)             local time, and how long ago, which stays true
//   foreign(text)         a text from outside: isolated, nothing hidden in it
//   brief(text)           the same for lists: folded where it is very long
//   id(text, what)        short, with Copy      copy(text, what)   the button alone
//   facts([[name, value], ...])   block(text, label)   a long text, JSON, a reply
//   more(listed, onMore, text)    "Load older", for paging.js's Listed
//   empty(text, action)   failure(error, again)   roleNeeded(role)

import { copyText } from "./clipboard.js";
import { html, ifDefined, nothing, repeat } from "./lit.js";
import { isApiError } from "./api.js";
import { cut, localTime, shortId, visible } from "./format.js";
import { isoOf, localInput } from "./span.js";

/** @typedef {import("./screen.js").Screen} Screen */

/** @param {unknown} text */
export const foreign = (text) => html`<bdi>${visible(text)}</bdi>`;

/** @param {unknown} text */
export function brief(text) {
  const all = String(text ?? ""), beginning = cut(all);
  // Folded text costs no layout: a list of very long ones stays usable.
  return beginning === all ? foreign(all) : html`<details><summary>${foreign(beginning)}</summary>${foreign(all)}</details>`;
}

/**
 * A moment; null is a dash. Where there is room, the relative time stands beside it (app.js keeps it true).
 * @param {string | null | undefined} iso
 */
export const when = (iso) =>
  iso ? html`<time datetime=${iso}>${visible(localTime(iso))}</time> <small data-moment=${iso}></small>` : html`–`;

/**
 * A word for a state, with a shape before it: never colour alone.
 * @param {string} word
 * @param {"good" | "bad" | "wait" | "off"} kind
 */
export const state = (word, kind) => html`<span class="state ${kind}">${visible(cut(word, 40))}</span>`;

/**
 * @param {string} text
 * @param {string} what "id of the event": the button is called "Copy id of the event"
 */
export const copy = (text, what) => html`
  <button type="button" class="copy" aria-label=${`Copy ${what}`} @click=${() => copyText(text, what)}>Copy</button>`;

/**
 * @param {string} text
 * @param {string} what
 */
export const id = (text, what) =>
  html`<span class="id"><code title=${visible(text)}>${visible(shortId(text))}</code>${copy(text, what)}</span>`;

/** @param {[string, unknown][]} pairs */
export const facts = (pairs) => html`
  <dl class="facts">${pairs.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value ?? "–"}</dd></div>`)}</dl>`;

/**
 * @param {string} text
 * @param {string} label
 */
export const block = (text, label) => html`<pre tabindex="0" role="region" aria-label=${label}><bdi>${visible(text)}</bdi></pre>`;

/**
 * @typedef {{name: string, cell: (row: any) => unknown, isHead?: boolean, isNumber?: boolean}} Column
 * @param {{caption: string, columns: Column[], rows: any[], key: (row: any) => unknown, empty?: unknown}} table
 */
export function table({ caption, columns, rows, key, empty: whenEmpty = "Nothing here." }) {
  if (rows.length === 0) return empty(whenEmpty);
  // At once, not while it is drawn: what goes wrong is told in place of the screen.
  const drawn = rows.map((row) => [key(row), html`<tr>${columns.map((column) => cell(column, row))}</tr>`]);
  return html`
    <div class="scroll" role="region" tabindex="0" aria-label=${caption}>
      <table>
        <caption>${caption}</caption>
        <thead><tr>${columns.map((column) => html`
          <th scope="col" class=${ifDefined(column.isNumber ? "number" : undefined)}>${column.name}</th>`)}</tr></thead>
        <tbody>${repeat(drawn, ([one]) => one, ([, row]) => row)}</tbody>
      </table>
    </div>`;
}

/**
 * @param {Column} column
 * @param {any} row
 */
const cell = (column, row) => column.isHead
  ? html`<th scope="row">${column.cell(row)}</th>`
  : html`<td class=${ifDefined(column.isNumber ? "number" : undefined)}>${column.cell(row)}</td>`;

/**
 * A form of filters. A choice counts at once, a text when it is sent. Paging begins anew, for it is not in the address.
 * `suggestions` are texts to choose from; an `isMoment` is entered in local time and stands in the address in UTC.
 * @typedef {{name: string, label: string, options?: [string, string][], suggestions?: string[], isMoment?: boolean}} Field
 * @param {Screen} screen
 * @param {Field[]} fields
 */
export const filters = (screen, fields) => html`
  <form class="filters" role="search" @submit=${(/** @type {Event} */ event) => filtered(event, screen)}
    @change=${(/** @type {Event} */ event) => event.target instanceof HTMLSelectElement && filtered(event, screen)}>
    ${fields.map((field) => html`<label>${field.label}${entry(field, screen.query.get(field.name) ?? "")}</label>`)}
    <button type="submit" class="secondary">Filter</button>
  </form>`;

/**
 * @param {Field} field
 * @param {string} value
 */
function entry({ name, options, suggestions, isMoment }, value) {
  if (options) return choice(name, options, value);
  if (isMoment) return html`<input name=${name} type="datetime-local" step="1" .value=${localInput(value)}>`;
  return html`
    <input name=${name} type="search" autocomplete="off" list=${ifDefined(suggestions && `${name}-known`)} .value=${value}>
    ${suggestions ? html`<datalist id="${name}-known">${suggestions.map((text) => html`<option value=${text}></option>`)}</datalist>` : nothing}`;
}

/**
 * @param {string} name
 * @param {[string, string][]} options
 * @param {string} chosen
 */
const choice = (name, options, chosen) => html`
  <select name=${name}>${options.map(([value, text]) => html`
    <option value=${value} ?selected=${value === chosen}>${visible(cut(text))}</option>`)}</select>`;

/**
 * @param {Event} event
 * @param {Screen} screen
 */
function filtered(event, screen) {
  event.preventDefault();
  const form = /** @type {HTMLFormElement} */ (event.currentTarget);
  screen.filter(Object.fromEntries([...new FormData(form)].map(([name, value]) => {
    const field = form.elements.namedItem(name);
    const isMoment = field instanceof HTMLInputElement && field.type === "datetime-local";
    return [name, isMoment ? isoOf(String(value)) : String(value).trim()];
  })));
}

/** @param {...unknown} actions */
export const toolbar = (...actions) => html`<div class="toolbar" role="group" aria-label="Actions">${actions}</div>`;

/**
 * A button that does something, once at a time.
 * @param {Screen} screen
 * @param {string} text the action in words: "Replay 12"
 * @param {() => Promise<void>} run
 * @param {{label?: string, isDangerous?: boolean, isQuiet?: boolean}} [options] `label`: which of many, for those who hear it
 */
export const action = (screen, text, run, { label, isDangerous, isQuiet } = {}) => html`
  <button type="button" class=${isDangerous ? "danger" : isQuiet ? "secondary" : ""} aria-label=${ifDefined(label && visible(cut(label, 500)))}
    aria-disabled=${screen.isBusy ? "true" : nothing} @click=${() => screen.run(run)}>${text}</button>`;

/**
 * @param {import("./paging.js").Listed} listed
 * @param {() => void} onMore
 * @param {string} [text] where the order is not that of time
 */
export const more = (listed, onMore, text = "Load older") =>
  listed.token === null ? nothing : html`<button type="button" class="secondary" @click=${onMore}>${text}</button>`;

/**
 * @param {unknown} text
 * @param {unknown} [then]
 */
export const empty = (text, then = nothing) => html`<div class="empty"><p>${text}</p>${then}</div>`;

/**
 * What went wrong, and what to do. Not an empty list: the words say that nothing is known.
 * @param {Error} error
 * @param {() => void} [again]
 * @param {string} [title]
 */
export const failure = (error, again, title = "This could not be loaded") => html`
  <div class="failure" role="alert">
    <p><strong>${title}.</strong> ${foreign(error.message)}${wait(error)}</p>
    ${again ? html`<button type="button" class="secondary" @click=${again}>Try again</button>` : nothing}
  </div>`;

/** @param {Error} error */
const wait = (error) => (isApiError(error) && error.retryAfter ? ` The hub asks to wait ${error.retryAfter} s.` : "");

const ROLES = { manager: "Relationship Manager", administrator: "Webhook Administrator" };

/** @param {import("./router.js").Role[]} roles those of which one is needed */
export const roleNeeded = (roles) =>
  empty(html`This needs the role ${roles.map((role) => ROLES[role]).join(" or ")}, which you do not have.`);
