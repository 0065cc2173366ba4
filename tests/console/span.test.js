import assert from "node:assert/strict";
import { test } from "node:test";
import { isoOf, localInput, preset, span } from "./span.js";

const NOW = Date.parse("2026-11-30T12:00:00Z");
const of = (text) => span(new URLSearchParams(text), NOW);

test("a preset goes back from now, and a span of its own wins", () => {
  assert.deepEqual(of("last=24h"), { since: "2026-11-29T12:00:00.000Z", until: null });
  assert.deepEqual(of(""), { since: null, until: null });
  assert.deepEqual(of("last=constructor"), { since: null, until: null });
  assert.deepEqual(of("last=1h&until=2026-01-01T00:00:00Z"), { since: null, until: "2026-01-01T00:00:00Z" });
  assert.equal(preset(new URLSearchParams("last=1h&since=x")), null);
  assert.equal(preset(new URLSearchParams("")), "");
});

test("a moment goes into a field for dates and comes back as the same", () => {
  assert.equal(isoOf(localInput("2026-11-30T12:00:07Z")), "2026-11-30T12:00:07.000Z");
  for (const none of ["", "<img>", "2026-02-31x"]) assert.deepEqual([localInput(none), isoOf(none)], ["", ""]);
});
