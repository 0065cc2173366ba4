// @ts-check
// JSON as text, so that numbers keep every digit: `JSON.parse` would round them. Pure, and without recursion, for
// what a stranger sends may be nested as deeply as they like. The text must be valid JSON.

const MAX_DEPTH = 40;
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/gs;

/** More digits than these a number of JavaScript may not have. */
const SAFE_DIGITS = 15;

/**
 * The same as `JSON.parse`, but a number that would lose digits becomes what `JSON.stringify` writes with all of them. Older
 * browsers cannot do that, and round. Raises SyntaxError.
 * @param {string} text
 */
export const parse = (text) => JSON.parse(text, /** @type {any} */ (exactNumber));

/**
 * @param {string} _name
 * @param {unknown} value
 * @param {{source?: string}} [context] what stood in the text
 */
function exactNumber(_name, value, { source } = {}) {
  const { rawJSON } = /** @type {{rawJSON?: (text: string) => unknown}} */ (JSON);
  if (typeof value !== "number" || !rawJSON || source === undefined || source === String(value)) return value;
  const digits = source.replace(/e.*$/i, "").replace(/\D/g, "");
  return digits.length > SAFE_DIGITS || !Number.isFinite(value) ? rawJSON(source) : value;
}

/**
 * The members of an object by name, each value as the text that stands there; null where the text is no object.
 * @param {string} text
 * @returns {Map<string, string> | null}
 */
export function members(text) {
  if (!text.trimStart().startsWith("{")) return null;
  /** @type {Map<string, string>} */
  const found = new Map();
  let depth = 0, name = "", begin = -1;
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    if (token === "}" || token === "]") depth -= 1;
    const ends = (depth === 1 && token === ",") || depth === 0;
    if (ends && begin >= 0) {
      found.set(name, text.slice(begin, index).trim());
      begin = -1;
    } else if (depth === 1 && token === ":" && begin < 0) begin = index + 1;
    else if (depth === 1 && begin < 0 && token.startsWith('"')) name = JSON.parse(token);
    if (token === "{" || token === "[") depth += 1;
  }
  return found;
}

/**
 * The same JSON with a line for each value. What is nested very deeply is not indented any further.
 * @param {string} text
 */
export function pretty(text) {
  const lines = [];
  let depth = 0, line = "";
  const indent = () => "  ".repeat(Math.min(depth, MAX_DEPTH));
  let opened = false;
  for (const [token] of text.matchAll(TOKEN)) {
    const closes = token === "}" || token === "]";
    if (closes) depth -= 1;
    if (opened ? !closes : closes) {
      lines.push(line);
      line = indent();
    }
    opened = token === "{" || token === "[";
    line += token === ":" ? ": " : token;
    if (opened) depth += 1;
    else if (token === ",") {
      lines.push(line);
      line = indent();
    }
  }
  return [...lines, line].join("\n");
}

/**
 * A value's text for people: a string without its quotes, all else as it stands there.
 * @param {string} text
 */
export function plain(text) {
  if (text.startsWith('"')) return String(JSON.parse(text));
  return /^[{[]/.test(text) ? pretty(text) : text;
}
