// @ts-check
// Forms: labelled fields with their hints, and what the hub says is wrong with them, above and at the field.

import { add, isApiError } from "./api_error.js";
import { html, nothing } from "./lit.js";
import { foreign } from "./parts.js";

/**
 * What is wrong by the name of the field, all of it where a field has several errors. The hub names members as they are stored, `TargetUrl` or `ErrorEmails/1`; a field
 * is called `targetUrl`.
 * @param {Error | null} error
 * @returns {Record<string, string>}
 */
export function wrongFields(error) {
  if (!isApiError(error)) return {};
  const wrong = Object.create(null);
  for (const [member, text] of Object.entries(error.fields)) add(wrong, fieldOf(member), text);
  return wrong;
}

/** @param {string} member */
const fieldOf = (member) => member.charAt(0).toLowerCase() + member.slice(1).split("/", 1)[0];

/**
 * A text field; `hint` stands before it, `wrong` at it.
 * @param {{name: string, label: string, value?: string, hint?: unknown, wrong?: string | undefined, type?: string, isLong?: boolean}} field
 */
export function field({ name, label, value = "", hint, wrong, type = "text", isLong = false }) {
  const described = [hint ? `${name}-hint` : "", wrong ? `${name}-wrong` : ""].filter(Boolean).join(" ") || nothing;
  const invalid = wrong ? "true" : nothing;
  return html`
    <label for=${name}>${label}</label>
    ${hint ? html`<small id="${name}-hint" class="hint">${hint}</small>` : nothing}
    ${wrong ? html`<p id="${name}-wrong" class="field-error">${foreign(wrong)}</p>` : nothing}
    ${isLong ? html`
      <textarea id=${name} name=${name} rows="4" autocomplete="off" spellcheck="false" .value=${value}
        aria-describedby=${described} aria-invalid=${invalid}></textarea>` : html`
      <input id=${name} name=${name} type=${type} autocomplete="off" spellcheck="false" .value=${value}
        aria-describedby=${described} aria-invalid=${invalid}>`}`;
}

/**
 * "There is a problem", with a button for each field that leads there. Call focusSummary once it is drawn.
 * @param {Error | null} error
 * @param {Record<string, string>} labels the names of the form's fields, and what they are called
 */
export function summary(error, labels) {
  if (!error) return nothing;
  const wrong = Object.entries(wrongFields(error)), known = wrong.filter(([name]) => Object.hasOwn(labels, name));
  const others = wrong.filter(([name]) => !Object.hasOwn(labels, name));
  return html`
    <div class="failure" id="summary" tabindex="-1" role="alert">
      <h2>There is a problem</h2>
      ${known.length === 0 ? html`<p>${foreign(error.message)}</p>` : html`<ul>${known.map(([name, text]) => html`
        <li><button type="button" class="quiet" @click=${() => document.getElementById(name)?.focus()}>${labels[name]}</button>
          ${foreign(text)}</li>`)}${others.map(([name, text]) => html`<li>${foreign(name)}: ${foreign(text)}</li>`)}</ul>`}
    </div>`;
}

export const focusSummary = () => document.getElementById("summary")?.focus();
