// @ts-check
// Descriptions of an OpenAPI document as text. Pure. Of CommonMark there are paragraphs, lists, `code` and **words that
// matter**; all else, links and HTML above all, stays the text that it is.

/**
 * @typedef {{kind: "text" | "code" | "strong", text: string}} Span
 * @typedef {{kind: "paragraph", spans: Span[]} | {kind: "list", items: Span[][]}} Block
 */

const ITEM = /^\s*[-*] +/;
const MARKED = /(`[^`\n]+`|\*\*[^*\n]+\*\*)/;

/**
 * The paragraphs and lists of a text.
 * @param {string} text
 * @returns {Block[]}
 */
export function blocksOf(text) {
  /** @type {Block[]} */
  const blocks = [];
  for (const part of text.split(/\n[ \t]*\n/)) {
    /** @type {string[]} */
    let lines = [];
    /** @type {string[]} */
    const items = [];
    for (const line of part.split("\n")) {
      if (ITEM.test(line)) items.push(line.replace(ITEM, ""));
      else if (items.length) items[items.length - 1] += ` ${line.trim()}`;
      else lines.push(line.trim());
    }
    lines = lines.filter(Boolean);
    if (lines.length) blocks.push({ kind: "paragraph", spans: spansOf(lines.join(" ")) });
    if (items.length) blocks.push({ kind: "list", items: items.map(spansOf) });
  }
  return blocks;
}

/**
 * A line, in which some is code and some matters.
 * @param {string} line
 * @returns {Span[]}
 */
export const spansOf = (line) => line.split(MARKED).filter(Boolean).map((part) => {
  if (part.length > 2 && part.startsWith("`") && part.endsWith("`")) return { kind: "code", text: part.slice(1, -1) };
  if (part.length > 4 && part.startsWith("**") && part.endsWith("**")) return { kind: "strong", text: part.slice(2, -2) };
  return { kind: "text", text: part };
});
