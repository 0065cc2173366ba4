// Descriptions: paragraphs, lists, code and words that matter; all else is the text that it is.
import assert from "node:assert/strict";
import { test } from "node:test";

import { blocksOf, spansOf } from "./prose.js";

const text = (words) => [{ kind: "text", text: words }];

test("an empty line parts paragraphs, a line end does not", () => {
  assert.deepEqual(blocksOf("one\ntwo\n \nthree"), [{ kind: "paragraph", spans: text("one two") }, { kind: "paragraph", spans: text("three") }]);
  assert.deepEqual(blocksOf(" \n\n"), []);
});

test("a list follows its paragraph, and its items may go on in the next line", () => {
  assert.deepEqual(blocksOf("Errors:\n- one\n  more\n* two\n\nafter"), [
    { kind: "paragraph", spans: text("Errors:") }, { kind: "list", items: [text("one more"), text("two")] }, { kind: "paragraph", spans: text("after") }]);
});

test("code and what matters are told apart, and stars in code are stars", () => {
  assert.deepEqual(spansOf("a `b` **c** `********`"), [
    ...text("a "), { kind: "code", text: "b" }, ...text(" "), { kind: "strong", text: "c" }, ...text(" "), { kind: "code", text: "********" }]);
});

test("what is not closed, and links and HTML, are text", () => {
  for (const one of ["a ` b", "``", "****", "** a", "[x](javascript:alert(1))", "<b>x</b>", "# head"]) assert.deepEqual(spansOf(one), text(one), one);
});
