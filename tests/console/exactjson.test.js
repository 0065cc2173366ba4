import assert from "node:assert/strict";
import { test } from "node:test";
import { members, parse, plain, pretty } from "./exactjson.js";

test("a number keeps its digits from being read to being written, and all others are numbers", () => {
  const text = '{"a":12345678901234567890,"b":[0.12345678901234567891],"c":-1234567890123456789012e5,"d":1e400}';
  // An older Node rounds, as an older browser does; that browsers of today do not is tested in one.
  assert.equal(JSON.stringify(parse(text)), JSON.rawJSON ? text : JSON.stringify(JSON.parse(text)));
  assert.deepEqual(parse('{"a": 42.0, "b": 1e3, "c": 123456789012345, "d": "12345678901234567890", "e": [true, null]}'),
    { a: 42, b: 1000, c: 123456789012345, d: "12345678901234567890", e: [true, null] });
  assert.throws(() => parse("{"), SyntaxError);
});

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
