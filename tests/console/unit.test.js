// The page's pure modules, in Node: addresses, texts for people, pages of a listing, what went wrong.
import assert from "node:assert/strict";
import test from "node:test";

import { refusal } from "./api_error.js";
import { ago, count, counted, duration, json, localTime, shortId, utcTime, visible, withShortIds } from "./format.js";
import { nextDelay } from "./live.js";
import { collect } from "./paging.js";
import { address, changed, findPlace, isAddress } from "./router.js";

const ROUTES = ["/", "/webhooks", "/webhooks/new", "/webhooks/{id}", "/events/{id}/deliveries/{webhook}"]
  .map((path) => ({ path, roles: null }));
const place = (hash) => findPlace(hash, ROUTES);

test("an address leads to the first screen that it fits", () => {
  assert.equal(place("").route.path, "/");
  assert.equal(place("#/").route.path, "/");
  assert.equal(place("#/webhooks").route.path, "/webhooks");
  assert.equal(place("#/webhooks/new").route.path, "/webhooks/new");
  assert.deepEqual({ ...place("#/webhooks/7").params }, { id: "7" });
  assert.deepEqual({ ...place("#/events/a%2Fb/deliveries/7").params }, { id: "a/b", webhook: "7" });
});

test("an address that leads nowhere leads nowhere", () => {
  for (const hash of ["#/x", "#/webhooks/1/2", "#/%", "#/webhooks/%E0%A4%A"]) assert.equal(place(hash), null);
});

test("a query is read as it was written", () => {
  const query = { state: "failed,held", q: "a&b=c #?é", empty: "", none: null, zero: 0 };
  const hash = address("/webhooks/{id}", { id: "a/b" }, query);
  assert.equal(hash.startsWith("#/webhooks/a%2Fb?"), true);
  assert.deepEqual(Object.fromEntries(place(hash).query), { state: "failed,held", q: "a&b=c #?é", zero: "0" });
  assert.equal(address("/"), "#/");
  assert.deepEqual(changed(new URLSearchParams("a=1&b=2"), { b: null, c: "3" }), { a: "1", b: null, c: "3" });
});

test("a name of the language is a name like any other", () => {
  assert.equal(place("#/webhooks/__proto__").params.id, "__proto__");
  assert.equal(place("#/webhooks/constructor").params.id, "constructor");
});

test("only what begins with a slash is an address", () => {
  assert.deepEqual(["", "#", "#/x", "#key=1", "#main"].map(isAddress), [true, true, true, false, false]);
});

test("a duration has one sensible unit", () => {
  const written = [null, 0, 74.4, 999, 1200, 59_000, 90_000, 7_200_000, 200_000_000].map(duration);
  assert.deepEqual(written, ["–", "0 ms", "74 ms", "999 ms", "1.2 s", "59 s", "1.5 min", "2 h", "2.3 days"]);
});

test("numbers and nouns", () => {
  assert.deepEqual([count(12345), count(0), count(null)], ["12,345", "0", "–"]);
  assert.deepEqual([counted(1, "event"), counted(2, "event"), counted(0, "reply", "replies")], ["1 event", "2 events", "0 replies"]);
});

test("a moment says how long ago it was, also by a clock that is ahead", () => {
  const now = Date.parse("2026-11-30T12:00:00Z");
  const written = ["2026-11-30T11:59:48Z", "2026-11-30T11:00:00Z", "2026-11-28T12:00:00Z", "2026-11-30T12:05:00Z", "2026-11-30T12:00:00Z"]
    .map((moment) => ago(moment, now));
  assert.deepEqual(written, ["12 seconds ago", "1 hour ago", "2 days ago", "in 5 minutes", "now"]);
  assert.equal(ago("no moment", now), "");
});

test("a time has its zone, and what is none stays as it is", () => {
  assert.match(localTime("2026-11-30T12:00:00Z"), /^30 Nov 2026, \d\d:00:00 \S+/);
  assert.equal(localTime("<b>"), "<b>");
  assert.equal(utcTime("2026-11-30T13:02:11.250999+01:00"), "2026-11-30T12:02:11.250Z");
  assert.equal(utcTime("<b>"), "<b>");
});

test("what is invisible is spelled out, and all else stays", () => {
  assert.equal(visible("a\u202eb\u0000\ufeff"), "a\\u{202e}b\\u{0}\\u{feff}");
  assert.equal(visible("é ﷽ 💥\n\t<b>&amp;"), "é ﷽ 💥\n\t<b>&amp;");
  assert.equal(visible(null), "");
  assert.equal(json({ a: "\u202e" }), '{\n  "a": "\\u{202e}"\n}');
  assert.deepEqual([shortId("0d8f7c52-6a3e-4b19"), shortId("12")], ["0d8f7c52…", "12"]);
});

test("who does not answer is asked more rarely, every two minutes at least", () => {
  assert.deepEqual([0, 1, 2, 3, 9].map((failures) => nextDelay(15, failures)), [15, 30, 60, 120, 120]);
  assert.equal(nextDelay(300, 4), 300);
});

test("a listing goes on over empty pages, and stops where it has enough, or after five", async () => {
  const pages = (...sizes) => async (token) => {
    const number = Number(token ?? 0);
    return { value: Array(sizes[number]).fill(number), continuationToken: number + 1 < sizes.length ? String(number + 1) : null };
  };
  assert.deepEqual(await collect(pages(0, 0, 2)), { items: [2, 2], token: null, scannedUntil: undefined });
  const first = await collect(pages(30, 30, 30));
  assert.deepEqual([first.items.length, first.token], [60, "2"]);
  const second = await collect(pages(30, 30, 30), { before: first });
  assert.deepEqual([second.items.length, second.token], [90, null]);
  assert.equal((await collect(pages(0, 0, 0, 0, 0, 0, 1))).token, "5");
});

test("a problem is a sentence, and names the fields", () => {
  const problem = { detail: "Name is required", errors: [{ pointer: "#/Name", detail: "is required" }], easyAuth: "/.auth/x" };
  const error = refusal(400, problem, new Headers({ "Retry-After": "7" }));
  assert.deepEqual([error.status, error.message, error.isOurs, error.retryAfter, error.easyAuth], [400, "Name is required", true, 7, "/.auth/x"]);
  assert.deepEqual({ ...error.fields }, { Name: "is required" });
});

test("an error of SuperOffice's shape names its member first", () => {
  const error = refusal(400, { ErrorMessage: "ErrorEmails/1 must be an address" }, new Headers());
  assert.deepEqual({ ...error.fields }, { "ErrorEmails/1": "ErrorEmails/1 must be an address" });
  assert.deepEqual({ ...refusal(404, { ErrorMessage: "Webhook id 99 not found" }, new Headers()).fields }, {});
});

test("an answer without words gets some", () => {
  for (const [status, words] of [[401, "does not accept the key"], [503, "not ready"], [418, "status 418"]]) {
    const error = refusal(status, undefined, new Headers({ "Retry-After": "soon" }));
    assert.ok(error.message.includes(words), error.message);
    assert.deepEqual([error.isOurs, error.retryAfter, error.easyAuth], [false, null, null]);
  }
});

test("an id within a text is cut to what tells two apart, and one day is no days", () => {
  assert.equal(withShortIds("dynamics/3609bbbd-a041-5c9e-acb0-045d2dff171d"), "dynamics/3609bbbd…");
  assert.equal(withShortIds("arcgis/parcels-2026"), "arcgis/parcels-2026");
  assert.equal(duration(86_400_000), "1 day");
  assert.equal(duration(2 * 86_400_000), "2 days");
});
