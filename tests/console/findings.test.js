// What charts show, in sentences.
import assert from "node:assert/strict";
import { test } from "node:test";
import { attemptsFinding, latencyFinding } from "./findings.js";
import { localTime } from "./format.js";

const HOURS = ["2026-11-30T12:00:00Z", "2026-11-30T13:00:00Z"];

test("attempts are summed up with the hour in which most failed", () => {
  assert.equal(attemptsFinding(HOURS, { delivered: [0, 0], failed: [0, 0] }, "24 hours"), "No attempt was made in 24 hours.");
  assert.equal(attemptsFinding(HOURS, { delivered: [1, 0], failed: [0, 0] }, "24 hours"), "100 % of 1 attempt delivered, 0 failed.");
  assert.equal(attemptsFinding(HOURS, { delivered: [1, 1], failed: [0, 1] }, "24 hours"),
    `66.7 % of 3 attempts delivered, 1 failed; the worst hour began at ${localTime(HOURS[1])}.`);
});

test("a share of twenty is told of twenty deliveries and more, and of fewer what is true of each", () => {
  const told = (delivered, p95) => latencyFinding(HOURS, { delivered, latency: { p95 } }, "24 hours");
  const slowest = `In the slowest hour, which began at ${localTime(HOURS[1])}, `;
  assert.equal(told([0, 0], [null, null]), "Nothing was delivered in 24 hours.");
  assert.equal(told([30, 1], [10, 20]), `${slowest}its only delivery took about 20 ms.`);
  assert.equal(told([30, 2], [10, 20]), `${slowest}each of its 2 deliveries took about 20 ms or less.`);
  assert.equal(told([1, 1200], [10, 20]), `${slowest}19 of 20 of its 1,200 deliveries took about 20 ms or less.`);
});
