// @ts-check
// What an event says: its field values, before and after, and its payload, every digit of a number included.

import { members, plain, pretty } from "./exactjson.js";
import { count } from "./format.js";
import { html, nothing } from "./lit.js";
import { block, copy, empty, foreign, table, toolbar } from "./parts.js";

const MAX_SHOWN = 200_000;
const MAX_VALUE = 2000;

/**
 * @param {Map<string, string>} exact the members of the event, each as its text
 * @param {string[]} changes
 */
export function values(exact, changes) {
  const of = (/** @type {string} */ name) => members(exact.get(name) ?? "") ?? new Map();
  const now = of("fieldValues"), before = of("previousValues"), row = of("values"), asked = of("parameters");
  const names = [...new Set([...now.keys(), ...before.keys(), ...changes])];
  const changed = new Set(changes);
  return html`
    ${table({
      caption: "Field values", rows: names, key: (name) => name, empty: "The event has no field values.",
      columns: [
        { name: "Field", isHead: true, cell: (name) => foreign(name) },
        { name: "Value", cell: (name) => value(now.get(name)) },
        ...(before.size ? [{ name: "Before", cell: (/** @type {string} */ name) => value(before.get(name)) }] : []),
        ...(changed.size ? [{ name: "Changed", cell: (/** @type {string} */ name) => (changed.has(name) ? "changed" : "–") }] : []),
      ],
    })}
    ${row.size ? pairs("Last values of the deleted row", row) : nothing}
    ${asked.size ? pairs("Parameters", asked) : nothing}`;
}

/** @param {string} caption @param {Map<string, string>} found */
const pairs = (caption, found) => table({
  caption, rows: [...found], key: ([name]) => name,
  columns: [{ name: "Field", isHead: true, cell: ([name]) => foreign(name) }, { name: "Value", cell: ([, text]) => value(text) }],
});

/** @param {string | undefined} text the value's JSON */
function value(text) {
  if (text === undefined) return "–";
  const shown = plain(text);
  if (shown.length <= MAX_VALUE) return html`<span class="value">${foreign(shown)}</span>`;
  return html`<span class="value">${foreign(shown.slice(0, MAX_VALUE))}</span>… (${count(shown.length)} characters) ${copy(shown, "value")}`;
}

/** @param {{id: string}} event @param {string} text the payload's JSON */
export function payload(event, text) {
  if (text === "null") return empty("The event has no payload.");
  const shown = pretty(text);
  return html`
    ${toolbar(copy(text, "payload"), html`
      <button type="button" class="secondary" @click=${() => download(text, `${event.id}.json`)}>Download</button>`)}
    ${shown.length > MAX_SHOWN ? html`<p class="note">The first ${count(MAX_SHOWN)} of ${count(shown.length)} characters; copy and download have all.</p>` : nothing}
    ${block(shown.slice(0, MAX_SHOWN), "Payload")}`;
}

/** @param {string} text @param {string} name */
function download(text, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
