// A JSON Schema as a tree for people: types, limits, what is in it, and where it ends.
import assert from "node:assert/strict";
import { test } from "node:test";

import { children, limitsOf, namedSchema, rootOf } from "./openapi_schema.js";

const ref = (name) => ({ $ref: `#/components/schemas/${name}` });
const DOCUMENT = {
  components: {
    schemas: {
      Person: { type: "object", description: "Somebody.", required: ["name"], properties: { name: { type: "string", minLength: 1 }, boss: ref("Person"), friends: { type: "array", items: ref("Person") } } },
      Mode: { type: "string", enum: ["a", "b"], description: "How." },
      Ways: { oneOf: [{ type: "object", title: "By row", properties: { row: {} } }, ref("Person")] },
    },
  },
};
const shown = (schema) => rootOf(DOCUMENT, schema);
const inside = (node) => (node.inside ? children(DOCUMENT, node.inside) : []);

test("a type is told in words", () => {
  for (const [schema, type] of [
    [{ type: "string" }, "string"], [{ type: ["string", "null"] }, "string or null"], [{}, "anything"], [true, "anything"], [undefined, "anything"], [false, "nothing"],
    [{ type: "array", items: { type: "string" } }, "array of string"], [{ type: ["array", "null"], items: ref("Mode") }, "array of Mode or null"],
    [{ anyOf: [ref("Person"), { type: "null" }] }, "Person or null"], [{ anyOf: [{ type: "string" }, { type: "null" }] }, "string or null"],
    [{ const: "x" }, "string"], [{ enum: [1, null] }, "number or null"], [{ properties: {} }, "object"], [{ allOf: [ref("Mode")] }, "Mode"],
    [{ oneOf: [{ type: "string" }, { type: "integer" }] }, "one of these"], [ref("Gone"), "Gone"], ["hostile", "anything"],
  ]) assert.equal(shown(schema).type, type, JSON.stringify(schema));
});

test("members have their names, whether they must be there, and their limits", () => {
  const [name, boss, friends] = inside(shown(ref("Person")));
  assert.deepEqual([name.name, name.isRequired, name.limits], ["name", true, ["at least 1 character"]]);
  assert.deepEqual([boss.isRequired, boss.type, boss.ref, friends.type], [false, "Person", "Person", "array of Person"]);
});

test("a schema with itself in it is cut where it comes again, in lists as well", () => {
  const [, boss, friends] = inside(shown(ref("Person")));
  for (const node of [boss, friends]) assert.deepEqual([node.isAgain, node.inside, node.ref], [true, null, "Person"]);
  const [, again] = inside(namedSchema(DOCUMENT, "Person"));
  assert.deepEqual([again.isAgain, again.inside], [true, null]);
});

test("what a reference says of itself comes before what its schema says", () => {
  assert.equal(shown(ref("Mode")).text, "How.");
  assert.equal(shown({ ...ref("Mode"), description: "Here." }).text, "Here.");
  assert.deepEqual(shown(ref("Mode")).limits, ['one of "a", "b"']);
  assert.deepEqual(shown(ref("Gone")), { ...shown({}), type: "Gone", limits: ["not in this document"] });
});

test("choices are told apart by their titles, or by their number", () => {
  const nodes = inside(shown(ref("Ways")));
  assert.deepEqual(nodes.map((node) => [node.name, node.isChoice, node.type]), [["By row", true, "object"], ["choice 2", true, "Person"]]);
  const others = inside(shown({ type: "object", additionalProperties: { type: "string" }, patternProperties: { "^x": {} } }));
  assert.deepEqual(others.map((node) => node.name), ["names like ^x", "any other name"]);
});

test("limits are told in words, and none is left out", () => {
  for (const [schema, limits] of [
    [{ minimum: 0, maximum: 5 }, ["0 to 5"]], [{ minimum: 0 }, ["at least 0"]], [{ exclusiveMinimum: 0 }, ["more than 0"]],
    [{ minLength: 1, maxLength: 9 }, ["1 to 9 characters"]], [{ minLength: 0, maxLength: 9 }, ["at most 9 characters"]], [{ minLength: 3, maxLength: 3 }, ["exactly 3 characters"]],
    [{ maxItems: 2 }, ["at most 2 items"]], [{ minItems: 1 }, ["at least 1 item"]], [{ format: "uuid", pattern: "^a" }, ["uuid", "matches ^a"]], [{ const: null }, ["always null"]],
    [{ default: false }, ["false if left out"]], [{ additionalProperties: false }, ["no other members"]], [{ writeOnly: true }, ["in requests alone"]],
    [{ propertyNames: { maxLength: 4 } }, ["names: at most 4 characters"]], [{ discriminator: { propertyName: "type" } }, ["type says which"]], [{ uniqueItems: true, multipleOf: 2 }, ["a multiple of 2", "no item twice"]],
  ]) assert.deepEqual(limitsOf(schema), limits, JSON.stringify(schema));
  assert.deepEqual(shown({ type: "array", minItems: 1, items: { type: "string", format: "uuid" } }).limits, ["at least 1 item", "each uuid"]);
});

test("a schema is found by its own name alone", () => {
  for (const name of ["__proto__", "constructor", "", "Nobody"]) assert.equal(namedSchema(DOCUMENT, name), null, name);
  assert.deepEqual([namedSchema(DOCUMENT, "Person").text, namedSchema(DOCUMENT, "Mode").type], ["Somebody.", "string"]);
});

test("what is nested without end is cut", () => {
  let schema = { type: "string" };
  for (let level = 0; level < 5000; level += 1) schema = { type: "array", items: schema };
  assert.match(shown(schema).type, /^(array of )+…$/);
});
