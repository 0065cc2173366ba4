// @ts-check
// The parts that screens are made of. Each is a function from values to a template.
//
//   table({caption, columns, rows, key, empty})   columns: [{name, cell: (row) => ..., isHead, isNumber}]; one has isHead
//   toolbar(...actions)   action(screen, text, run, options)   buttons that do something
//   state(word, kind)     a word with a shape and a colour; kinds: good, bad, wait, off
//   when(iso)             local time, and how long ago, which stays true      exactly(iso)   the same, with the time in UTC
//   moment(iso)           local time alone                                    stamp(iso)     the same, with the time in UTC
//   foreign(text)         a text from outside: isolated, nothing hidden in it
//   brief(text)           the same for lists: folded where it is very long
//   id(text, what)        short, with Copy      copy(text, what)   the button alone
//   facts([[name, value], ...])   block(text, label)   a long text, JSON, a reply
//   more(listed, onMore, text)    "Load older", for paging.js's Listed
//   empty(text, action)   failure(error, again)   roleNeeded(role)

import { copyText } from "./clipboard.js";
import { html, ifDefined, nothing, repeat } from "./lit.js";
import { isApiError } from "./api_error.js";
import { cut, localTime, shortId, utcTime, visible } from "./format.js";

/** @typedef {import("./screen.js").Screen} Screen */

/** So many columns fit on a phone. */
const MAX_NARROW = 3;

/** @param {unknown} text */
export const foreign = (text) => html`<bdi>${visible(text)}</bdi>`;

/** @param {unknown} text */
export function brief(text) {
  const all = String(text ?? ""), beginning = cut(all);
  if (beginning === all) return html`<bdi>${parted(visible(all))}</bdi>`;
  // Folded text costs no layout: a list of very long ones stays usable.
  return html`<details><summary>${foreign(beginning)}</summary>${foreign(all)}</details>`;
}

/**
 * A text that is broken between its parts before it is broken within them: opportunity.updated, crm.contoso.example.
 * @param {string} text
 */
const parted = (text) => text.split(/(?<=[./_])(?=[^./_])/).map((part, place) => (place ? html`<wbr>${part}` : part));

/**
 * A moment in local time. Where there is little room, its day stands above its time.
 * @param {string} iso
 */
export function moment(iso) {
  const [day, ...time] = visible(localTime(iso)).split(", ");
  return html`<time datetime=${iso}>${time.length ? html`<span>${day},</span> <span>${time.join(", ")}</span>` : day}</time>`;
}

/**
 * A moment; null is a dash. Where there is room, the relative time stands beside it (app.js keeps it true).
 * @param {string | null | undefined} iso
 */
export const when = (iso) =>
  iso ? html`${moment(iso)} ${past(iso)}` : html`–`;

/** @param {string} iso */
const past = (iso) => html`<small data-moment=${iso}></small>`;

/**
 * A moment with its time in UTC, as logs have it: for what one looks at alone.
 * @param {string | null | undefined} iso
 */
export const exactly = (iso) => (iso ? html`${stamp(iso, past(iso))}` : when(iso));

/**
 * A moment with its time in UTC, for one of many. Where the local time is that in UTC, it stands there once.
 * @param {string} iso
 * @param {unknown} [between]
 */
export const stamp = (iso, between = nothing) => (new Date(iso).getTimezoneOffset() === 0
  ? html`<time datetime=${iso}>${visible(utcTime(iso))}</time> ${between}`
  : html`${moment(iso)} ${between} <span class="utc">${visible(utcTime(iso))}</span>`);

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
 * @typedef {{name: string, cell: (row: any) => unknown, isHead?: boolean, isNumber?: boolean, isWide?: boolean}} Column
 * On a phone each row of a table with more columns than fit becomes a card. Its roles are named, for they would go with its look.
 * @param {{caption: string, columns: Column[], rows: any[], key: (row: any) => unknown, empty?: unknown}} table
 */
export function table({ caption, columns, rows, key, empty: whenEmpty = "Nothing here." }) {
  if (rows.length === 0) return empty(whenEmpty);
  // At once, not while it is drawn: what goes wrong is told in place of the screen.
  const drawn = rows.map((row) => [key(row), html`<tr role="row">${columns.map((column) => cell(column, row))}</tr>`]);
  return html`
    <div class=${columns.length > MAX_NARROW ? "scroll cards" : "scroll"} role="region" tabindex="0" aria-label=${caption}>
      <table role="table">
        <caption>${caption}</caption>
        <thead role="rowgroup"><tr role="row">${columns.map((column) => html`
          <th scope="col" role="columnheader" class=${ifDefined(column.isNumber ? "number" : undefined)}>${column.name}</th>`)}</tr></thead>
        <tbody role="rowgroup">${repeat(drawn, ([one]) => one, ([, row]) => row)}</tbody>
      </table>
    </div>`;
}

/**
 * @param {Column} column
 * @param {any} row
 */
const cell = (column, row) => column.isHead
  ? html`<th scope="row" role="rowheader">${column.cell(row)}</th>`
  : html`<td role="cell" data-name=${column.name} class=${ifDefined(column.isNumber ? "number" : column.isWide ? "wide" : undefined)}>${
    column.cell(row)}</td>`;

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
    <p><strong>${title}.</strong> ${foreign(sentence(error.message))}${wait(error)}</p>
    ${again ? html`<button type="button" class="secondary" @click=${again}>Try again</button>` : nothing}
  </div>`;

/** A detail of the hub as a sentence behind another one. @param {string} text */
const sentence = (text) => text.replace(/^[a-z](?=[a-z]* )/, (first) => first.toUpperCase()).replace(/[\p{L}\p{N})]$/u, "$&.");

/** @param {Error} error */
const wait = (error) => (isApiError(error) && error.retryAfter ? ` The hub asks to wait ${error.retryAfter} s.` : "");

const ROLES = { manager: "Relationship Manager", administrator: "Webhook Administrator" };

/** @param {import("./router.js").Role[]} roles those of which one is needed */
export const roleNeeded = (roles) =>
  empty(html`This needs the role ${roles.map((role) => ROLES[role]).join(" or ")}, which you do not have.`);
