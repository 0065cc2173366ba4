import assert from "node:assert/strict";
import { test } from "node:test";
import { members, plain, pretty } from "./exactjson.js";

test("members keep every digit, and are those of the outermost object alone", () => {
  const text = '{"a": 12345678901234567890.10, "b": {"payload": [1, {"c": "}"}]}, "__proto__": null, "x\\"y": "a,b:{", "payload": true}';
  assert.deepEqual([...members(text)], [
    ["a", "12345678901234567890.10"], ["b", '{"payload": [1, {"c": "}"}]}'], ["__proto__", "null"], ['x"y', '"a,b:{"'], ["payload", "true"],
  ]);
  assert.deepEqual([...members("{}")], []);
  for (const none of ["[1]", "null", '"{"', ""]) assert.equal(members(none), null);
});

test("pretty JSON has a line for each value, and is the same JSON", () => {
  assert.equal(pretty('{"a":[1,{"b":"x: {, }"}],"c":{},"d":[] }'),
    '{\n  "a": [\n    1,\n    {\n      "b": "x: {, }"\n    }\n  ],\n  "c": {},\n  "d": []\n}');
  assert.equal(pretty("1.500"), "1.500");
  const deep = "[".repeat(20_000) + "]".repeat(20_000);
  assert.equal(pretty(deep).replace(/\s/g, ""), deep);
  assert.ok(pretty(deep).length < 4_000_000);
});

test("a string is shown without its quotes, all else as it stands", () => {
  assert.equal(plain('"a\\n\\u00e9"'), "a\né");
  assert.equal(plain("1e400"), "1e400");
  assert.equal(plain('{"a":1}'), '{\n  "a": 1\n}');
});
