// What the screens of webhooks decide without a browser.
import assert from "node:assert/strict";
import { test } from "node:test";
import { blankForm, changesOf, formOf, newRow, newSecret, saveSays, secretFor, webhookOf, withEvents, wrongOf, wrongRows } from "./webhook_form.js";

const stored = (changes = {}) => ({
  webhookId: 7, name: "CRM", events: ["a.b"], targetUrl: "https://x.example/h", type: "webhook", state: "Active", secret: "********",
  description: null, errorsEmail: null, errorEmails: [], headers: { "X-Key": "********", "X-Tenant": "7" }, properties: { region: "eu", limits: { a: 1 } },
  sealedHeaders: ["x-tenant", "deep"], ...changes,
});

test("what is read and not touched is no change", () => {
  for (const webhook of [stored(), stored({ headers: null, properties: null, sealedHeaders: undefined }), stored({ headers: {}, description: "" })]) {
    assert.deepEqual(changesOf(webhook, formOf(webhook)), []);
  }
});

test("a change names what it was, and what it becomes", () => {
  const before = stored(), form = { ...formOf(before), name: "CRM 2", errorEmails: "a@b.example\n\n c@d.example " };
  assert.deepEqual(changesOf(before, form), [
    { op: "test", path: "/Name", value: "CRM" }, { op: "add", path: "/Name", value: "CRM 2" },
    { op: "test", path: "/ErrorEmails", value: [] }, { op: "add", path: "/ErrorEmails", value: ["a@b.example", "c@d.example"] },
  ]);
});

test("a secret name that belongs to no row stays, and one that is unticked goes", () => {
  const before = stored(), form = formOf(before);
  form.headers = form.headers.map((row) => ({ ...row, isSecret: false }));
  assert.deepEqual(webhookOf(form, before).sealedHeaders, ["deep"]);
});

test("values are texts, unless they are said to be JSON", () => {
  const form = { ...blankForm(), properties: [newRow({ name: "a", value: "12" }), newRow({ name: "b", value: "12", isJson: true }), newRow()] };
  assert.deepEqual(webhookOf(form, null).properties, { a: "12", b: 12 });
  assert.equal(webhookOf(blankForm(), null).headers, null);
});

test("a key that objects have by themselves is a key like others", () => {
  const form = { ...blankForm(), properties: [newRow({ name: "__proto__", value: "x" })] };
  assert.equal(JSON.stringify(webhookOf(form, null).properties), '{"__proto__":"x"}');
});

test("what JSON could not carry is found before it is sent", () => {
  const wrong = (headers, properties) => wrongRows({ ...blankForm(), headers, properties });
  assert.deepEqual(wrong([newRow({ name: "X-A" }), newRow({ name: "x-a " })], []), { headers: "x-a is there twice." });
  assert.deepEqual(wrong([newRow({ value: "v" })], []), { headers: "There is a value without a name." });
  assert.deepEqual(wrong([], [newRow({ name: "p", value: "{", isJson: true })]), { properties: "p is not valid JSON." });
  assert.deepEqual(wrong([], [newRow({ name: "p" }), newRow({ name: "P" }), newRow()]), {});
});

test("a refusal names each field, and loses no word", () => {
  assert.deepEqual(wrongOf("Name is required; Events must be names; really; ErrorEmails/1 must be one; ErrorEmails/2 too"), {
    name: "Name is required", events: "Events must be names; really", errorEmails: "ErrorEmails/1 must be one; ErrorEmails/2 too",
  });
  assert.deepEqual(wrongOf("TargetUrl: the test event failed: 500; Name of it"), { targetUrl: "TargetUrl: the test event failed: 500", name: "Name of it" });
  assert.deepEqual(wrongOf("SealedHeaders must be names"), { headers: "SealedHeaders must be names" });
  for (const text of ["there are too many", "Names are wrong", ""]) assert.equal(wrongOf(text), null);
});

test("what Save does is said as the hub does it", () => {
  const before = stored(), form = formOf(before);
  assert.match(saveSays(null, blankForm()), /sends one test event/);
  assert.match(saveSays(null, { ...blankForm(), state: "Stopped" }), /without calling .* set active/);
  assert.match(saveSays(before, { ...form, name: "x" }), /without calling the receiver\.$/);
  assert.match(saveSays(before, { ...form, targetUrl: "https://y.example" }), /sends one test event/);
  assert.match(saveSays(before, { ...form, headers: [] }), /sends one test event/);
  assert.match(saveSays(stored({ state: "Stopped" }), { ...form, state: "Active" }), /sends one test event/);
});

test("the stored secret is kept by its mask, and a new one goes along", () => {
  assert.equal(secretFor(stored(), blankForm()), "********");
  assert.equal(secretFor(stored({ secret: null }), blankForm()), null);
  assert.equal(secretFor(null, { ...blankForm(), secret: "s" }), "s");
  assert.equal(secretFor(null, blankForm()), null);
});

test("a secret has 32 random bytes behind whsec_", () => {
  assert.equal(newSecret((bytes) => bytes.fill(255)), `whsec_${"/".repeat(42)}8=`);
  assert.equal(Buffer.from(newSecret().slice(6), "base64").length, 32);
  assert.notEqual(newSecret(), newSecret());
});

test("several names may be typed at once, and none is there twice", () => {
  assert.deepEqual(withEvents(["a"], " B.c, a;d  "), ["a", "b.c", "d"]);
});
