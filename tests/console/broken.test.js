// What is broken, since when, and whose fault it seems.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  backlog, brokenOnes, countedSince, hubFindings, judge, poisonOf, stoppedOnes, verdict,
} from "./broken.js";

const hook = (id, changes = {}) => ({
  webhookId: id, name: `w${id}`, targetUrl: `https://h${id}.example/in`, state: "Active", consecutiveErrors: 0,
  lastError: null, updated: "2026-11-30T10:00:00", ...changes,
});
const day = (id, { delivered = 0, failed = 0, classes = [], failingSince = null } = {}) => ({
  id, failingSince, delivered: [0, delivered], failed: [0, failed], classes: [{}, {}, ...classes],
});
const fails = (id, errorClass, changes = {}) => [
  hook(id, { consecutiveErrors: 2, ...changes }),
  day(id, { failed: 2, classes: [{ [errorClass]: 2 }], failingSince: "2026-11-30T12:00:00Z" }),
];
const well = (id) => [hook(id), day(id, { delivered: 3 })];
const judgedOf = (pairs) => judge(pairs.map(([one]) => one), pairs.map(([, stats]) => stats).filter(Boolean));
const HEALTH = { queues: { events: 0 }, poison: { "events-poison": 0 }, oldestUndispatchedSeconds: null, warnings: [] };

test("each webhook is of one kind", () => {
  const pairs = [
    [hook(1, { state: "TooManyErrors", consecutiveErrors: 9 })], [hook(2, { state: "Stopped", consecutiveErrors: 4 })],
    fails(3, "dns"), [hook(4), day(4, { delivered: 5, failed: 1 })], well(5), [hook(6)],
  ];
  assert.deepEqual(judgedOf(pairs).map((one) => one.kind), ["disabled", "stopped", "failing", "recovered", "healthy", "idle"]);
});

test("the disabled stand first, then what fails now, the most failures first", () => {
  const most = [hook(3, { consecutiveErrors: 1 }), day(3, { failed: 9 })];
  const pairs = [[hook(1), day(1, { failed: 50, delivered: 1 })], fails(2, "dns"), most, well(4), [hook(5, { state: "TooManyErrors" })]];
  assert.deepEqual(brokenOnes(judgedOf(pairs)).map((one) => one.id), [5, 3, 2, 1]);
});

test("of the stopped the latest stands first, with when it was changed last", () => {
  const pairs = [
    [hook(1, { state: "Stopped" })], well(2), [hook(3, { state: "Stopped", updated: "2026-11-30T11:00:00" }), day(3, { failingSince: "2026-11-30T09:00:00Z" })],
  ];
  assert.deepEqual(stoppedOnes(judgedOf(pairs)).map(({ id, since }) => [id, since]), [[3, "2026-11-30T11:00:00Z"], [1, "2026-11-30T10:00:00Z"]]);
});

test("since when: the first of its failures; when it was disabled where nobody called it for a day; nothing once it delivers", () => {
  const [failing, disabled, both, again] = judgedOf([
    fails(1, "dns"), [hook(2, { state: "TooManyErrors" })],
    fails(3, "dns", { state: "TooManyErrors" }), [hook(4), day(4, { failed: 1, failingSince: "2026-11-30T12:00:00Z" })],
  ]);
  assert.equal(failing.since, "2026-11-30T12:00:00Z");
  assert.equal(disabled.since, "2026-11-30T10:00:00Z");
  assert.equal(both.since, "2026-11-30T12:00:00Z");
  assert.equal(again.since, null);
});

test("the class is that of most failures in the newest hour that has some", () => {
  const classOf = (...classes) => judgedOf([[hook(1), day(1, { classes })]])[0].errorClass;
  assert.equal(classOf({ dns: 9 }, { http: 1, tls: 3 }, {}), "tls");
  assert.equal(classOf({ tls: 2, dns: 2 }), "dns");
  assert.equal(classOf({}), null);
});

test("one that fails beside others that deliver is them", () => {
  assert.equal(verdict(judgedOf([well(1)])), "No webhook fails at this moment.");
  assert.equal(verdict(judgedOf([fails(1, "dns"), well(2)])), "One webhook fails, and 1 other delivers: probably its receiver.");
  assert.match(verdict(judgedOf([fails(1, "dns"), well(2), well(3)])), /2 others deliver: probably its receiver/);
  assert.match(verdict(judgedOf([fails(1, "dns")])), /no other delivers/);
});

test("one class at many hosts is us, one host is them", () => {
  const many = (errorClass, ...others) => verdict(judgedOf([1, 2, 3].map((id) => fails(id, errorClass)).concat(others)));
  for (const ours of ["dns", "tls", "blocked", "timeout", "refused"]) {
    assert.match(many(ours, well(4)), new RegExp(`^All 3 failing webhooks fail with ${ours} .*: probably our side\\.$`));
  }
  assert.match(many("http", well(4)), /probably their receivers/);
  assert.match(many("http"), /no other delivers: probably our side/);
  const sameHost = [1, 2, 3].map((id) => fails(id, "dns", { targetUrl: `https://one.example/${id}` }));
  assert.match(verdict(judgedOf(sameHost)), /call the same host: probably that receiver/);
});

test("two functions of the hub are two receivers, though neither has a host", () => {
  const scripts = ["crm:first", "crm:second"].map((targetUrl, id) => fails(id, "script", { type: "crmscript", targetUrl }));
  assert.match(verdict(judgedOf([...scripts, well(3)])), /each to a receiver of its own/);
});

test("two of one class are us only where nobody else delivers", () => {
  assert.match(verdict(judgedOf([fails(1, "dns"), fails(2, "dns")])), /probably our side/);
  assert.match(verdict(judgedOf([fails(1, "dns"), fails(2, "dns"), well(3)])), /each to a receiver of its own, and 1 other delivers/);
  assert.match(verdict(judgedOf([fails(1, "dns"), fails(2, "http"), well(3)])), /2 webhooks fail, each to a receiver/);
});

test("a class that the page does not know, and names of every object, count as any other", () => {
  for (const name of ["constructor", "__proto__", "new_class"]) {
    assert.match(verdict(judgedOf([1, 2, 3].map((id) => fails(id, name)).concat([well(4)]))), /each to a receiver of its own/);
  }
});

test("the hub is all right until something is not, and the worst is said first", () => {
  assert.deepEqual(hubFindings(HEALTH).map((one) => one.level), ["good"]);
  const bad = { ...HEALTH, poison: { "events-poison": 2, "wakeups-poison": 1 }, oldestUndispatchedSeconds: 7300, warnings: ["a setting"] };
  assert.deepEqual(hubFindings(bad), [
    { level: "bad", text: "3 messages could not be worked on (events-poison 2, wakeups-poison 1)." },
    { level: "bad", text: "The oldest event has waited for 2 hours to be sent out." },
    { level: "wait", text: "a setting" },
  ]);
  assert.equal(poisonOf(bad), 3);
  const late = (seconds) => hubFindings({ ...HEALTH, oldestUndispatchedSeconds: seconds })[0].level;
  assert.deepEqual([0, 59, 60, 599, 600].map(late), ["good", "good", "wait", "wait", "bad"]);
});

test("a backlog is waiting or scheduled, nobody knows which", () => {
  assert.equal(backlog(HEALTH), "No message waits.");
  assert.equal(backlog({ queues: { events: 1, deliveries: 0 } }), "About 1 message waits, or is scheduled for later (1 event to be sent out).");
  assert.match(backlog({ queues: { events: 1, deliveries: 2 } }), /^About 3 messages wait, or are scheduled .*1 event to be sent out, 2 attempts to deliver\)/);
});

test("deliveries are counted from a day before, to the hour, for a week at most", () => {
  const now = Date.parse("2026-11-30T14:20:00Z");
  assert.equal(countedSince({ since: null }, now), "2026-11-29T14:00:00Z");
  assert.equal(countedSince({ since: "2026-11-28T10:30:00Z" }, now), "2026-11-27T10:00:00Z");
  assert.equal(countedSince({ since: "2020-01-01T00:00:00Z" }, now), "2026-11-23T14:00:00Z");
  assert.equal(countedSince({ since: "2027-01-01T00:00:00Z" }, now), "2026-11-29T14:00:00Z");
});
