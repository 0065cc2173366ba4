// What the screens of webhooks decide without a browser.
import assert from "node:assert/strict";
import { test } from "node:test";
import { adviceOn, countedClasses, countedStatuses, hostOf, matches, reasonOf, reasonOfLast, stateOf, sumsOf, typedFor, utc } from "./webhooks.js";

test("a state has a word and a look, and failing is told apart from well", () => {
  assert.deepEqual(stateOf({ state: "Active", consecutiveErrors: 0 }), ["Active", "good"]);
  assert.deepEqual(stateOf({ state: "Active", consecutiveErrors: 1 }), ["Active, failing", "wait"]);
  assert.deepEqual(stateOf({ state: "TooManyErrors", consecutiveErrors: 0 }), ["Disabled by errors", "bad"]);
  assert.deepEqual(stateOf({ state: "Stopped", consecutiveErrors: 9 }), ["Stopped", "off"]);
});

test("there is advice where something is to be done, and none where all is well", () => {
  assert.equal(adviceOn({ state: "Active", consecutiveErrors: 0 }), null);
  assert.match(adviceOn({ state: "TooManyErrors", consecutiveErrors: 9 }) ?? "", /Test now.*Set active.*replay/);
});

test("a status says more than a class, and an unknown class says nothing", () => {
  assert.match(reasonOf("http", 410) ?? "", /no more events/);
  assert.match(reasonOf("dns", null) ?? "", /no address/);
  for (const unknown of ["constructor", "__proto__", "x", "", null]) assert.equal(reasonOf(unknown, null), null);
});

test("the reason for a last error is that of its status, else of the newest failure", () => {
  const failed = [{ last: { status: 200, errorClass: null } }, { last: { status: null, errorClass: "tls" } }];
  assert.match(reasonOfLast("HTTP 503 Service Unavailable", failed) ?? "", /fails itself/);
  assert.match(reasonOfLast("no TLS connection", failed) ?? "", /certificate/);
  assert.equal(reasonOfLast("who knows", []), null);
});

test("the host of a target, whatever the target is", () => {
  assert.equal(hostOf("https://x.example:8443/a?b"), "x.example:8443");
  for (const odd of ["module:function", "<img src=x>", "", "javascript:1", "//"]) assert.equal(hostOf(odd), odd);
});

test("a text is looked for in name and target", () => {
  const webhook = { name: "CRM sync", targetUrl: "https://x.example" };
  assert.deepEqual(["crm", "X.EX", "nothing", ""].map((text) => matches(webhook, text)), [true, true, false, true]);
});

test("hours add up, and the slowest counts", () => {
  assert.deepEqual(sumsOf({ delivered: [1, 2], failed: [0, 4], duration: { p95: [null, 30] } }), { delivered: 3, failed: 4, p95: 30 });
  assert.equal(sumsOf({ delivered: [], failed: [], duration: { p95: [null] } }).p95, null);
});

test("errors are counted by class and by status, most first, whatever they are called", () => {
  assert.deepEqual(countedClasses([{ dns: 1 }, {}, { http: 4, dns: 2 }]), [["http", 4], ["dns", 3]]);
  assert.deepEqual(countedClasses([{ constructor: 1 }, {}]), [["constructor", 1]]);
  const last = (status) => ({ last: { status } });
  assert.deepEqual(countedStatuses([last(404), last(503), { last: null }, last(503)]), [[503, 2], [404, 1], [null, 1]]);
});

test("a time of SuperOffice's is in UTC, and the year 1 is none", () => {
  assert.equal(utc("2026-11-30T12:00:00"), "2026-11-30T12:00:00Z");
  assert.equal(utc("2026-11-30T12:00:00Z"), "2026-11-30T12:00:00Z");
  for (const none of ["0001-01-01T00:00:00", "", null]) assert.equal(utc(none), null);
});

test("nobody has to type what nobody can type", () => {
  assert.equal(typedFor({ name: "CRM sync", webhookId: 7 }), "CRM sync");
  for (const name of ["a\u202eb", "x".repeat(51), " a", "a\nb", "\u{1f4a5}"]) assert.equal(typedFor({ name, webhookId: 7 }), "7");
});
