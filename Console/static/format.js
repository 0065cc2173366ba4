// @ts-check
// How values are written for people. Pure: texts from values; the present is handed in.

const UNITS = /** @type {const} */ ([["day", 86_400], ["hour", 3600], ["minute", 60], ["second", 1]]);
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const numbers = new Intl.NumberFormat("en");
// C0 and C1 controls but for tab and line end, marks that turn the direction of a line, and what has no width.
const INVISIBLE = new RegExp("[\\u{0}-\\u{8}\\u{b}-\\u{1f}\\u{7f}-\\u{9f}\\u{ad}\\u{34f}\\u{61c}\\u{115f}\\u{1160}\\u{17b4}\\u{17b5}\\u{180e}"
  + "\\u{200b}-\\u{200f}\\u{2028}-\\u{202e}\\u{2060}-\\u{206f}\\u{3164}\\u{feff}\\u{ffa0}\\u{fff9}-\\u{fffb}\\u{e0000}-\\u{e0fff}]", "gu");
const MAX_CUT = 400;

/**
 * A number with its thousands apart: 12,345. Null is a dash.
 * @param {number | null | undefined} value
 */
export const count = (value) => (value === null || value === undefined ? "–" : numbers.format(value));

/**
 * "1 event", "3 events".
 * @param {number} number
 * @param {string} noun
 * @param {string} [plural]
 */
export const counted = (number, noun, plural = `${noun}s`) => `${count(number)} ${number === 1 ? noun : plural}`;

/**
 * A duration in its largest sensible unit: 74 ms, 1.2 s, 3 min, 2 h. Null is a dash.
 * @param {number | null | undefined} milliseconds
 */
export function duration(milliseconds) {
  if (milliseconds === null || milliseconds === undefined) return "–";
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 60) return `${rounded(seconds)} s`;
  if (seconds < 3600) return `${rounded(seconds / 60)} min`;
  if (seconds < 86_400) return `${rounded(seconds / 3600)} h`;
  const days = rounded(seconds / 86_400);
  return `${days} ${days === 1 ? "day" : "days"}`;
}

/**
 * How long ago, or ahead, a moment is: "12 seconds ago", "in 5 minutes".
 * @param {string | number | Date} moment
 * @param {number} now milliseconds since 1970
 */
export function ago(moment, now) {
  const seconds = Math.round((new Date(moment).getTime() - now) / 1000);
  if (Number.isNaN(seconds)) return "";
  const [unit, size] = UNITS.find(([, most]) => Math.abs(seconds) >= most) ?? ["second", 1];
  return relative.format(Math.trunc(seconds / size), unit);
}

/**
 * A moment in the time of this machine, with its zone: "30 Nov 2026, 14:02:11 CET".
 * @param {string} iso
 */
export function localTime(iso) {
  const moment = new Date(iso);
  if (Number.isNaN(moment.getTime())) return iso;
  const parts = { dateStyle: "medium", timeStyle: "medium" };
  const zone = new Intl.DateTimeFormat("en-GB", { timeZoneName: "short" })
    .formatToParts(moment).find((part) => part.type === "timeZoneName")?.value ?? "";
  return `${moment.toLocaleString("en-GB", /** @type {Intl.DateTimeFormatOptions} */ (parts))} ${zone}`.trim();
}

/**
 * A moment in UTC, to the millisecond: "2026-11-30T13:02:11.250Z".
 * @param {string} iso
 */
export function utcTime(iso) {
  const moment = new Date(iso);
  return Number.isNaN(moment.getTime()) ? iso : moment.toISOString();
}

/**
 * The first characters of an id, which tell two apart.
 * @param {string} id
 */
export const shortId = (id) => (id.length > 12 ? `${id.slice(0, 8)}…` : id);

/**
 * A text with each id in it cut to its first characters, where the text stands in a list.
 * @param {string} text
 */
export const withShortIds = (text) => text.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi, shortId);

/**
 * A text from outside, in which nothing hides: control characters, and those that turn or swallow others, are written
 * as `\u{202e}`. All else stays as it is.
 * @param {unknown} value
 */
export const visible = (value) =>
  String(value ?? "").replace(INVISIBLE, (mark) => `\\u{${/** @type {number} */ (mark.codePointAt(0)).toString(16)}}`);

/**
 * The beginning of a text where there is no room for all of it: in lists, whose things have a screen of their own.
 * @param {string} text
 * @param {number} [most]
 */
export const cut = (text, most = MAX_CUT) => (text.length > most ? `${text.slice(0, most).replace(/[\ud800-\udbff]$/, "")}…` : text);

/**
 * A value as JSON for people.
 * @param {unknown} value
 */
export const json = (value) => visible(JSON.stringify(value, null, 2));

/** @param {number} value */
const rounded = (value) => (value < 10 ? Math.round(value * 10) / 10 : Math.round(value));
