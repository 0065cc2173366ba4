// Where the lines of a chart stand.
import assert from "node:assert/strict";
import { test } from "node:test";
import { duration } from "./format.js";
import { countTicks, durationTicks, hourTicks } from "./ticks.js";

const MINUTE = 60_000, HOUR = 60 * MINUTE, DAY = 24 * HOUR;

test("counts have whole, round lines around what is shown, and one at 0", () => {
  assert.deepEqual(countTicks(0, 0), [0, 1]);
  assert.deepEqual(countTicks(0, 2), [0, 1, 2]);
  assert.deepEqual(countTicks(-20, 95), [-50, 0, 50, 100]);
  assert.deepEqual(countTicks(-3, 0), [-3, -2, -1, 0, 1]);
  for (let most = 0; most < 3000; most += 7) {
    const ticks = countTicks(-most / 3, most);
    assert.ok(ticks[0] <= -most / 3 && ticks.at(-1) >= most && ticks.includes(0) && ticks.every(Number.isInteger) && ticks.length < 8, `${ticks}`);
  }
});

test("durations have lines that are written in short, up to at least the longest", () => {
  assert.deepEqual(durationTicks(0, 0).map(duration), ["0 ms", "1 ms"]);
  assert.deepEqual(durationTicks(0, 98).map(duration), ["0 ms", "50 ms", "100 ms"]);
  assert.deepEqual(durationTicks(0, 9600).map(duration), ["0 ms", "5 s", "10 s"]);
  assert.deepEqual(durationTicks(0, 50 * MINUTE).map(duration), ["0 ms", "15 min", "30 min", "45 min", "1 h"]);
  assert.deepEqual(durationTicks(0, 3 * DAY).map(duration), ["0 ms", "1 day", "2 days", "3 days"]);
  for (let most = 1; most < 300 * DAY; most *= 1.3) {
    const ticks = durationTicks(0, most);
    assert.ok(ticks[0] === 0 && ticks.at(-1) >= most && ticks.length < 6, `${most}: ${ticks}`);
    assert.ok(ticks.every((tick) => Math.abs(parsed(duration(tick)) - tick) < 1), `${most}: ${ticks.map(duration)}`);
  }
});

/** @param {string} text */
function parsed(text) {
  const [number, unit] = text.split(" ");
  return Number(number) * { ms: 1, s: 1000, min: MINUTE, h: HOUR, day: DAY, days: DAY }[unit];
}

test("moments have lines at round hours, the last one now, and no more than there is room for", () => {
  const at = (day, hour, minute = 0) => new Date(2026, 10, day, hour, minute).getTime() / 1000;
  const written = (moments) => moments.map((one) => new Date(one * 1000).toTimeString().slice(0, 5));
  const now = at(30, 16, 26);
  assert.deepEqual(written(hourTicks(at(29, 17), at(30, 17), 8, now)), ["18:00", "21:00", "00:00", "03:00", "06:00", "09:00", "12:00", "16:26"]);
  assert.deepEqual(written(hourTicks(at(29, 17), at(30, 17), 4, now)), ["18:00", "00:00", "06:00", "12:00", "16:26"]);
  assert.deepEqual(hourTicks(at(23, 17), at(30, 17), 8, now), [24, 25, 26, 27, 28, 29, 30].map((day) => at(day, 0)).concat(now));
  assert.deepEqual(written(hourTicks(at(29, 17), at(29, 20), 8, now)), ["17:00", "18:00", "19:00", "20:00"]);
  assert.deepEqual(hourTicks(at(1, 0), at(30, 0), 1, 0).map((one) => new Date(one * 1000).getHours()).every((hour) => hour === 0), true);
});
