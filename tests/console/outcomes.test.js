import assert from "node:assert/strict";
import { test } from "node:test";
import { kindOf, outcome, replayOf, sentence, summaries, timeline } from "./outcomes.js";

const attempt = (at, errorClass = null, status = 204) => ({ at, status, errorClass, durationMs: 7, reply: "" });
const delivery = (webhookId, state, log = [], nextAttemptAt = null) => ({ webhookId, state, log, nextAttemptAt, last: log.at(-1) ?? null });

test("a timeline goes from receipt through dispatch and each attempt to what comes next, by time", () => {
  const made = timeline({ receivedAt: "2026-11-30T12:00:00.000000Z" }, [
    delivery(7, "pending", [attempt("2026-11-30T12:00:01Z", "dns", null), attempt("2026-11-30T12:00:05Z", "http", 503)], "2026-11-30T12:05:05Z"),
    delivery(9, "delivered", [attempt("2026-11-30T12:00:02.123456+00:00")]),
  ]);
  assert.deepEqual(made.map(({ kind, delivery: of, number }) => [kind, of?.webhookId, number]), [
    ["received", undefined, undefined], ["dispatched", undefined, undefined],
    ["attempt", 7, 1], ["attempt", 9, 1], ["attempt", 7, 2], ["next", 7, undefined],
  ]);
});

test("the moment of dispatch has its place among the attempts, and stands before them where nobody knows it", () => {
  const found = [delivery(7, "delivered", [attempt("2026-11-30T12:00:02Z")]), delivery(9, "delivered", [attempt("2026-11-30T12:00:09Z")])];
  const kinds = (dispatchedAt) => timeline({ receivedAt: "2026-11-30T12:00:00Z", dispatchedAt }, found).map(({ kind, at }) => [kind, at]);
  assert.deepEqual(kinds("2026-11-30T12:00:05Z").map(([kind]) => kind), ["received", "attempt", "dispatched", "attempt"]);
  assert.deepEqual(kinds(null)[1], ["dispatched", null]);
  assert.deepEqual(kinds("2026-11-30T12:00:02Z")[1], ["dispatched", "2026-11-30T12:00:02Z"]);
});

test("an event's deliveries are summed up, the worst first and each with its own look, and what was not reached is not known", () => {
  const event = (id, second) => ({ id, receivedAt: `2026-11-30T12:00:0${second}.000001Z` });
  const events = [event("c", 3), event("b", 2), event("a", 1)];
  const of = (eventId, second, state) => ({ eventId, eventAt: `2026-11-30T12:00:0${second}.000001Z`, state });
  const found = [of("c", 3, "delivered"), of("c", 3, "failed"), of("c", 3, "delivered"), of("b", 2, "pending")];
  const texts = (areAll, given = found) => [...summaries(events, given, areAll)].map(([id, parts]) => [id, parts?.map(({ text, kind }) => [text, kind]) ?? null]);
  const known = ["c", [["1 failed", "bad"], ["2 delivered", "good"]]];
  assert.deepEqual(texts(true), [known, ["b", [["1 pending", "wait"]]], ["a", [["none listed", "off"]]]]);
  assert.deepEqual(texts(false), [known, ["b", null], ["a", null]]);
  assert.deepEqual(texts(false, []).map(([, parts]) => parts), [null, null, null]);
  const held = [of("a", 1, "delivered"), of("a", 1, "held")];
  assert.deepEqual(texts(true, held).at(-1), ["a", [["1 held", "off"], ["1 delivered", "good"]]]);
});

test("a button says what it does, and there is none where nothing can be done", () => {
  assert.equal(replayOf(delivery(7, "failed"), "Active").verb, "Replay");
  assert.equal(replayOf(delivery(7, "pending"), "Active").verb, "Try now");
  assert.equal(replayOf(delivery(7, "delivered"), "Active").isTwice, true);
  assert.equal(replayOf(delivery(7, "failed"), "Active").isTwice, false);
  assert.match(replayOf(delivery(7, "held"), "TooManyErrors").text, /set it active first/);
  assert.match(replayOf(delivery(7, "waiting"), "Active").text, /without a replay/);
  assert.match(replayOf(delivery(7, "failed"), null).text, /removed/);
  assert.match(replayOf(delivery(7, "failed", [attempt("", "forgotten", null)]), "Active").text, /forgotten/);
  const first = { ...delivery(7, "pending"), attempts: 0, replays: 0 };
  assert.equal(replayOf(first, "Active").verb, null);
  assert.equal(replayOf({ ...first, replays: 1, nextAttemptAt: "2026-11-30T12:05:05Z" }, "Active").verb, "Try now");
  for (const [state, webhook] of [["held", "Stopped"], ["waiting", "Active"], ["failed", null]]) {
    assert.equal(replayOf(delivery(7, state), webhook).verb, null);
  }
});

test("an outcome has its status and class, and a sentence", () => {
  assert.equal(outcome({ status: 503, errorClass: "http" }), "503 http");
  assert.equal(outcome({ status: null, errorClass: "dns" }), "dns");
  assert.equal(outcome({ status: null, errorClass: null }), "no answer");
  assert.equal(sentence({ status: 204, errorClass: null }), "Delivered.");
  assert.match(sentence({ status: 410, errorClass: "http" }), /gone for good/);
  assert.match(sentence({ status: 307, errorClass: "http" }), /not followed/);
  assert.match(sentence({ status: 503, errorClass: "http" }), /503/);
  assert.match(sentence({ status: null, errorClass: "tls" }), /certificate/);
  assert.equal(kindOf("constructor"), "off");
  assert.equal(sentence({ status: null, errorClass: "constructor" }), "");
});
