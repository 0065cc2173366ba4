// An OpenAPI document as the reference reads it: operations, words, parameters, bodies, and who may call.
import assert from "node:assert/strict";
import { test } from "node:test";

import {
  bodiesOf, exampleOf, groupsOf, hasWords, operationsOf, parametersOf, refName, resolve, schemaNames, securityOf,
} from "./openapi.js";

const DOCUMENT = {
  tags: [{ name: "Events", description: "What came in." }, { name: "Webhooks", description: "Register." }],
  paths: {
    "/v1/Webhook": { get: { operationId: "listWebhooks", tags: ["Webhooks"], summary: "List all" }, post: { operationId: "createWebhook", tags: ["Webhooks"] } },
    "/v1/events/{id}": {
      parameters: [{ name: "id", in: "path", required: true, schema: { type: "string" } }, { name: "x", in: "query" }],
      get: {
        operationId: "getEvent", tags: ["Events"], summary: "Get an event",
        parameters: [{ $ref: "#/components/parameters/Hops" }, { name: "id", in: "path", required: true, description: "Its id." }, { $ref: "#/components/parameters/Gone" }],
      },
    },
    "/health": { get: { summary: "Health" }, summary: "not a method" },
  },
  webhooks: { callback: { post: { operationId: "deliver", tags: ["Events"], summary: "A delivery" } } },
  components: {
    parameters: { Hops: { name: "X-Hub-Hops", in: "header", schema: { type: "integer" }, example: 2 } },
    schemas: { Event: {}, EventPage: {}, Webhook: { $ref: "#/components/schemas/Other" }, Other: { $ref: "#/components/schemas/Webhook" }, "a/b~c": { type: "null" } },
    examples: { Named: { value: { a: 1 } } },
  },
};
const find = (id) => operationsOf(DOCUMENT).find((one) => one.id === id);

test("operations come in the document's order, webhooks of receivers last, and one without an id has one", () => {
  assert.deepEqual(operationsOf(DOCUMENT).map((one) => one.id), ["listWebhooks", "createWebhook", "getEvent", "get /health", "deliver"]);
  assert.deepEqual([find("deliver").isWebhook, find("deliver").path, find("getEvent").method], [true, "callback", "GET"]);
});

test("groups follow the document's tags; what receivers get is a group of its own, even under the same tag", () => {
  const groups = groupsOf(DOCUMENT, null);
  assert.deepEqual(groups.map(({ tag, isWebhook, text }) => [tag, isWebhook, text]),
    [["Events", false, "What came in."], ["Webhooks", false, "Register."], ["Others", false, ""], ["Events", true, "What came in."]]);
  assert.equal(groups.filter((one) => one.isWebhook).flatMap((one) => one.operations).length, 1);
});

test("a filter wants every word, in path, summary, method or id, in any case", () => {
  const ids = (words) => groupsOf(DOCUMENT, words).flatMap((group) => group.operations.map((one) => one.id));
  assert.deepEqual(ids("WEBHOOK post"), ["createWebhook"]);
  assert.deepEqual(ids("  all list "), ["listWebhooks"]);
  assert.deepEqual(ids("{id}"), ["getEvent"]);
  assert.deepEqual(ids("nothing"), []);
  assert.deepEqual(schemaNames(DOCUMENT, "event"), ["Event", "EventPage"]);
  assert.ok(hasWords("x", null) && hasWords("x", ""));
});

test("a reference is followed to its end, in circles and into nothing as well", () => {
  assert.equal(resolve(DOCUMENT, { $ref: "#/components/parameters/Hops" }).name, "X-Hub-Hops");
  assert.deepEqual(resolve(DOCUMENT, { $ref: "#/components/schemas/a~1b~0c" }), { type: "null" });
  for (const ref of ["#/components/schemas/Webhook", "#/nothing", "elsewhere.json#/x", "#/__proto__", "#/components/schemas/constructor", "#/%"]) {
    assert.equal(resolve(DOCUMENT, { $ref: ref }), null, ref);
  }
  assert.equal(refName("#/components/schemas/a~1b~0c"), "a/b~c");
});

test("parameters of the path are those of its operations, which may say more; one that leads nowhere is named", () => {
  const found = parametersOf(DOCUMENT, find("getEvent"));
  assert.deepEqual(found.map((one) => one.name), ["id", "x", "X-Hub-Hops", "#/components/parameters/Gone"]);
  assert.deepEqual([found[0].text, found[0].isRequired, found[2].example, found[2].isRequired], ["Its id.", true, 2, false]);
});

test("an example is its own, the first of many, or the schema's, and a false one is one", () => {
  assert.equal(exampleOf(DOCUMENT, { example: false, schema: { example: 1 } }), false);
  assert.deepEqual(exampleOf(DOCUMENT, { examples: { one: { $ref: "#/components/examples/Named" }, two: { value: 2 } } }), { a: 1 });
  assert.equal(exampleOf(DOCUMENT, { schema: { examples: ["x"] } }), "x");
  assert.equal(exampleOf(DOCUMENT, {}), undefined);
});

test("bodies with the same schema stand together, with the first example", () => {
  const schema = { $ref: "#/components/schemas/Event" };
  assert.deepEqual(bodiesOf(DOCUMENT, { "application/json": { schema }, "text/xml": { schema: {} }, "text/json": { schema, example: 7 } }), [
    { types: ["application/json", "text/json"], schema, example: 7 }, { types: ["text/xml"], schema: {}, example: undefined }]);
  assert.deepEqual(bodiesOf(DOCUMENT, undefined), []);
});

test("who may call: one of each where all combinations are there, and else the combinations", () => {
  const of = (security, global) => securityOf({ security: global }, { operation: { security } });
  const every = ["h", "q"].flatMap((key) => ["bearer", "basic"].map((who) => ({ [key]: [], [who]: [] })));
  assert.deepEqual(of(every), { isOptional: false, steps: [["h", "q"], ["bearer", "basic"]] });
  assert.deepEqual(of(every.slice(1)), { isOptional: false, steps: [["h and basic", "q and bearer", "q and basic"]] });
  assert.deepEqual(of([{ h: [] }, { q: [] }]), { isOptional: false, steps: [["h", "q"]] });
  assert.deepEqual(of([{}, { h: [] }]), { isOptional: true, steps: [["h"]] });
  assert.deepEqual(of([], [{ h: [] }]), { isOptional: true, steps: [] });
  assert.deepEqual(of(undefined, [{ h: [] }]), { isOptional: false, steps: [["h"]] });
});
