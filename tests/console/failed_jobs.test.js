// All failed jobs of a step, whatever their number, each once.
import assert from "node:assert/strict";
import { test } from "node:test";
import { olderJobs } from "./failed_jobs.js";

const job = (id, second) => ({ id, completedOn: new Date(1_800_000_000_000 + second * 1000).toISOString() });

/** Answers as the API does. */
const asking = (all, most, asked = []) => async (until) => {
  asked.push(until);
  return all.filter(({ completedOn }) => until === null || completedOn <= until).slice(0, most);
};

async function allOf(next) {
  const found = [];
  for (let calls = 0; calls < 20; calls += 1) {
    const { jobs, more } = await next();
    found.push(...jobs.map(({ id }) => id));
    if (!more) return found;
  }
  throw new Error("it does not end");
}

test("older jobs follow until none is left, each once, also those of the same second", async () => {
  const all = Array.from({ length: 11 }, (_, place) => job(`j${place}`, 100 - Math.floor(place / 2)));
  assert.deepEqual(await allOf(olderJobs(asking(all, 5), 5)), all.map(({ id }) => id));
  assert.deepEqual(await allOf(olderJobs(asking(all.slice(0, 3), 5), 5)), ["j0", "j1", "j2"]);
  assert.deepEqual(await allOf(olderJobs(asking([], 5), 5)), []);
});

test("it ends where more jobs than a page holds completed at once", async () => {
  const all = Array.from({ length: 9 }, (_, place) => job(`j${place}`, 100));
  assert.equal((await allOf(olderJobs(asking(all, 4), 4))).length, 4);
});

test("the next page asks from a second behind the oldest job on", async () => {
  const asked = [];
  const next = olderJobs(asking([job("a", 9), job("b", 8), job("c", 1)], 2, asked), 2);
  await next();
  await next();
  assert.deepEqual(asked, [null, job("", 9).completedOn]);
});
