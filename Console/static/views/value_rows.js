// @ts-check
// Headers and properties in a form: rows of a name and a value.

import { html, nothing, repeat } from "../lit.js";
import { foreign } from "../parts.js";
import { newRow } from "../webhook_form.js";
import { MASK } from "../webhooks.js";

/**
 * `id` is the field's name; `noun` is what one row is called. `mayBeJson`: values may be other than text.
 * @typedef {import("../webhook_form.js").Row} Row
 * @param {{id: string, legend: string, noun: string, hint: string, rows: Row[], mayBeJson?: boolean, wrong: string | undefined,
 *   onChange: (rows: Row[]) => void}} field
 */
export function valueRows({ id, legend, noun, hint, rows, mayBeJson = false, wrong, onChange }) {
  const change = (/** @type {Row} */ row, /** @type {Partial<Row>} */ changes) =>
    onChange(rows.map((one) => (one === row ? { ...one, ...changes } : one)));
  return html`
    <fieldset aria-describedby="${id}-hint">
      <legend>${legend}</legend>
      <small id="${id}-hint" class="hint">${hint}</small>
      ${wrong ? html`<p id="${id}-wrong" class="field-error">${foreign(wrong)}</p>` : nothing}
      ${repeat(rows, (row) => row.key, (row, place) => html`
        <div class="row" role="group" aria-label="${noun} ${place + 1}">
          <label>Name <input type="text" autocomplete="off" spellcheck="false" .value=${row.name}
            @input=${(/** @type {any} */ event) => change(row, { name: event.target.value })}></label>
          <label>Value <input type="text" autocomplete="off" spellcheck="false" .value=${row.value}
            @input=${(/** @type {any} */ event) => change(row, { value: event.target.value })}></label>
          <label><input type="checkbox" .checked=${row.isSecret}
            @change=${(/** @type {any} */ event) => change(row, { isSecret: event.target.checked })}> Secret</label>
          ${mayBeJson ? html`<label><input type="checkbox" .checked=${row.isJson}
            @change=${(/** @type {any} */ event) => change(row, { isJson: event.target.checked })}> JSON</label>` : nothing}
          <button type="button" class="quiet" aria-label="Remove ${noun} ${place + 1}"
            @click=${() => onChange(rows.filter((one) => one !== row))}>Remove</button>
          ${row.value === MASK ? html`<small>${row.isSecret ? nothing : "Secret by its name. "}${MASK} keeps the stored value.</small>` : nothing}
        </div>`)}
      <button type="button" id=${id} class="secondary" aria-describedby=${wrong ? `${id}-wrong` : nothing}
        @click=${() => onChange([...rows, newRow()])}>Add ${noun.toLowerCase()}</button>
    </fieldset>`;
}
