// Where a target of the audit leads, and which time is asked for.
import assert from "node:assert/strict";
import { test } from "node:test";

import { SPANS, screenOf, shownStatus, sinceOf } from "./audit.js";

const ID = "0d8f7c52-6a3e-4b19-9c4d-1f2e3a4b5c6d";

test("a target leads to its screen if it has one", () => {
  assert.equal(screenOf("webhooks/7"), "#/webhooks/7");
  assert.equal(screenOf(`events/${ID}`), `#/events/${ID}`);
  assert.equal(screenOf(`events/${ID}/deliveries/7`), `#/events/${ID}/deliveries/7`);
});

test("what leads nowhere is a text", () => {
  for (const target of ["", "queues", "webhooks", "webhooks/", "webhooks/x", "webhooks/7/more", "events/deliveries", "events/../../x",
    `events/${ID}/replay`, `events/${ID}/deliveries/x`, "javascript:alert(1)", "webhooks/7?x", "roles/ann"]) {
    assert.equal(screenOf(target), null, target);
  }
});

test("a span looks back from now, and any other text is none", () => {
  const now = Date.parse("2026-11-30T14:20:00Z");
  assert.equal(sinceOf("24h", now), "2026-11-29T14:20:00.000Z");
  for (const span of [null, "", "constructor", "2h"]) assert.equal(sinceOf(span, now), null);
  assert.deepEqual(SPANS.filter(([span]) => span && sinceOf(span, now) === null), []);
});

test("a failure is not shown with the status of a success", () => {
  assert.equal(shownStatus({ outcome: "failed", status: 200 }), null);
  for (const [outcome, status] of [["failed", 503], ["failed", null], ["done", 200], ["partial", 200], ["refused", 400]]) {
    assert.equal(shownStatus({ outcome, status }), status);
  }
});
