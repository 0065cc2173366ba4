// @ts-check
// A form of filters, whose values lie in the address.

import { cut, visible } from "./format.js";
import { html, ifDefined, nothing } from "./lit.js";
import { isoOf, localInput } from "./span.js";

/** @typedef {import("./screen.js").Screen} Screen */

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
    <option value=${value} .selected=${value === chosen}>${visible(cut(text))}</option>`)}</select>`;

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
