// What the screens about Dataverse and ArcGIS send and say, in Node.
import assert from "node:assert/strict";
import test from "node:test";

import { refusal } from "./api_error.js";
import { enabledDocument, isToken } from "./arcgis.js";
import { ask, canReplay, ensureBody, finalRefusal, kindOf, NOT_SET_UP, outcomeOf, sentenceOf, tally, told } from "./dynamics.js";

const failed = (status, data) => refusal(status, data, new Headers());

test("without events it is about created connections, and options of events are not sent", () => {
  const fields = { key: " k ", events: " ", columns: "name", preImage: "on", mode: "sync", name: " ", prune: "on" };
  assert.deepEqual(ensureBody(fields), { key: "k", mode: "sync" });
});

test("options count for each event", () => {
  const options = { columns: ["x", "y"], preImage: true };
  const fields = { key: "k", events: "a.created,\n b.updated", columns: "x y", preImage: "on", prune: "on", url: "u" };
  const events = [{ event: "a.created", ...options }, { event: "b.updated", ...options }];
  assert.deepEqual(ensureBody(fields), { key: "k", url: "u", events, prune: true });
  assert.deepEqual(ensureBody({ key: "k", events: "a.created" }), { key: "k", events: [{ event: "a.created" }] });
});

test("a refusal of Dataverse, an outage and a mistake are three things", async () => {
  const dataverse = { message: "SecLib::AccessCheck failed" };
  assert.equal(sentenceOf(failed(502, { detail: "it refuses", dataverse })),
    "Dataverse refuses the hub, or its answer is of no use (502): it refuses. Dataverse says: SecLib::AccessCheck failed");
  assert.match(sentenceOf(failed(503, { detail: "away" })), /^Out of reach for now, .* \(503\): away$/);
  assert.equal(sentenceOf(failed(400, { detail: "key must be longer" })), "key must be longer");
  await assert.rejects(told(async () => { throw failed(503, {}); }), /Out of reach for now/);
});

test("where there is no Dataverse nothing is asked", async () => {
  const screen = (dynamics) => ({ session: { features: { dynamics } } });
  const never = () => assert.fail("asked");
  assert.equal(await ask(screen(false), never), NOT_SET_UP);
  assert.deepEqual(await ask(screen(true), async () => ({ value: [] })), { isSetUp: true, value: [] });
});

test("what can never be replayed is an outcome, and all else is an error", () => {
  for (const status of [404, 409, 410]) assert.equal(finalRefusal(failed(status, { detail: "gone" })).reason, "gone");
  for (const status of [0, 400, 401, 403, 429, 502, 503]) assert.equal(finalRefusal(failed(status, {})), null);
  assert.equal(finalRefusal(new TypeError("a defect")), null);
});

test("outcomes and kinds that nobody knows do no harm", () => {
  const of = (outcome) => outcomeOf({ outcome, eventId: null, reason: "" }).kind;
  assert.deepEqual(["stored", "duplicate", "ignored", "refused", "constructor"].map(of), ["good", "good", "off", "bad", "bad"]);
  assert.deepEqual(["outage", "refused", "unknown", "__proto__"].map((kind) => kindOf(kind).state), ["wait", "bad", "off", "off"]);
  assert.equal(tally([{ word: "stored" }, { word: "ignored" }, { word: "stored" }]), "2 stored, 1 ignored");
});

test("jobs of steps on Create, Update and Delete of a table can be replayed", () => {
  assert.deepEqual([["CREATE", "a"], ["update", "a"], ["Delete", "a"], ["Assign", "a"], ["Create", null]]
    .map(([message, table]) => canReplay({ message, table })), [true, true, true, false, false]);
});

test("a connection is saved as it was shown, with its secret kept", () => {
  const own = { connectionName: "A", itemId: "i", webhookType: "FeatureService", username: "u" };
  assert.deepEqual(enabledDocument({ ...own, enabled: true, secret: "x", connectionId: "c" }, false),
    { ...own, secret: "********", enabled: false, manageWebhook: false });
  const managed = { webhookChangeTypes: ["FeaturesEdited"], fallbackUsername: "f" };
  assert.deepEqual(enabledDocument({ ...own, ...managed, managedWebhookId: "7", webhookActive: false }, true),
    { ...own, ...managed, secret: "********", enabled: true, manageWebhook: true });
});

test("what can be no token never reaches a header", () => {
  assert.deepEqual(["a.b~c==", "x".repeat(10_000), "x".repeat(10_001), "a b", "", "=", "é", "a\r\nb"].map(isToken),
    [true, true, false, false, false, false, false, false]);
});

test("an error of ArcGIS' shape is a sentence, and names the fields", () => {
  const error = failed(400, { error: { code: 400, message: "secret is required", details: [{ field: "secret", message: "is required" }] } });
  assert.deepEqual([error.message, { ...error.fields }, error.isOurs], ["secret is required", { secret: "is required" }, true]);
});
