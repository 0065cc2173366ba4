// @ts-check
// Which events a webhook wants: chosen from those that the hub knows, or named freely.

import { html, nothing, repeat } from "../lit.js";
import { live } from "../lit_live.js";
import { counted, visible } from "../format.js";
import { failure, foreign } from "../parts.js";
import { withEvents } from "../webhook_form.js";

const MAX_SHOWN = 40;
const SOURCES = /** @type {Record<string, string>} */ ({ dynamics: "from Dynamics", arcgis: "from ArcGIS", signal: "signalled by a client", hub: "of the hub itself" });

/**
 * @typedef {{name: string, source: string | null}} EventType
 * @param {{
 *   events: string[], find: string, types: EventType[], isMore: boolean, error: Error | null, wrong: string | undefined,
 *   onChange: (events: string[]) => void, onFind: (text: string) => void, onAgain: () => void,
 * }} picker
 */
export function eventPicker({ events, find, types, isMore, error, wrong, onChange, onFind, onAgain }) {
  const text = find.trim().toLowerCase();
  const found = types.filter(({ name }) => name.toLowerCase().includes(text));
  const add = () => {
    onChange(withEvents(events, find));
    onFind("");
  };
  const described = ["events-hint", wrong ? "events-wrong" : ""].filter(Boolean).join(" ");
  return html`
    <fieldset>
      <legend>Events</legend>
      ${wrong ? html`<p id="events-wrong" class="field-error">${foreign(wrong)}</p>` : nothing}
      ${events.length === 0 ? html`<p>None chosen yet.</p>` : html`<ul class="chosen" aria-label="Chosen events">${repeat(events, (name) => name, (name) => html`
        <li>${foreign(name)} <button type="button" class="quiet" aria-label=${visible(`Remove ${name}`)}
          @click=${() => onChange(events.filter((one) => one !== name))}>Remove</button></li>`)}</ul>`}
      <label for="events">Find an event, or name another</label>
      <small id="events-hint" class="hint">Names are whole: letters, digits, dots, - and _; there are no wildcards. Enter adds what is typed.</small>
      <div class="beside">
        <input id="events" type="text" autocomplete="off" spellcheck="false" .value=${live(find)} aria-describedby=${described}
          aria-invalid=${wrong ? "true" : nothing} @input=${(/** @type {any} */ event) => onFind(event.target.value)}
          @keydown=${(/** @type {KeyboardEvent} */ event) => {
            if (event.key !== "Enter") return;
            event.preventDefault();
            if (text) add();
          }}>
        <button type="button" class="secondary" @click=${() => text && add()}>Add name</button>
      </div>
      ${error ? failure(error, onAgain, "The events that the hub knows could not be loaded; names can be typed") : nothing}
      <ul class="picker" aria-label="Events that the hub knows">${repeat(found.slice(0, MAX_SHOWN), ({ name }) => name, (type) => html`
        <li>${choice(type, events, onChange, onFind)}</li>`)}</ul>
      ${found.length > MAX_SHOWN ? html`<p>${counted(found.length - MAX_SHOWN, "more event")}: type a part of the name.</p>` : nothing}
      ${isMore ? html`<p>The hub knows more events than it lists here.</p>` : nothing}
    </fieldset>`;
}

/**
 * A type of event to choose. The name of one that has a webhook's id in it has to be completed first.
 * @param {EventType} type
 * @param {string[]} events
 * @param {(events: string[]) => void} onChange
 * @param {(text: string) => void} onFind
 */
function choice({ name, source }, events, onChange, onFind) {
  const from = source ? html` <small>${Object.hasOwn(SOURCES, source) ? SOURCES[source] : foreign(source)}</small>` : nothing;
  if (name.includes("{")) {
    return html`<button type="button" class="quiet" @click=${() => {
      onFind(name);
      document.getElementById("events")?.focus();
    }}>Use ${foreign(name)}</button>${from} <small>put a webhook's id for {id}</small>`;
  }
  const isChosen = events.includes(name.toLowerCase());
  return html`<label><input type="checkbox" .checked=${live(isChosen)} @change=${() =>
    onChange(isChosen ? events.filter((one) => one !== name.toLowerCase()) : withEvents(events, name))}> ${foreign(name)}</label>${from}`;
}
