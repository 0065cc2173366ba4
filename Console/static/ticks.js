// @ts-check
// Where the lines of a chart stand: at round values, few enough to be read. Pure.

const MAX_STEPS = 5;
const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
/** Steps of durations in milliseconds, whose multiples are round too where they become seconds, minutes, hours, days. */
const DURATIONS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500], ...[1, 2, 5, 10, 15, 30].map((one) => one * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((one) => one * MINUTE), ...[1, 2, 3, 6, 12].map((one) => one * HOUR),
  ...[1, 2, 5, 10, 20, 50, 100].map((one) => one * DAY),
];
const MAX_DURATION_STEPS = 4;
/** Steps of moments, in hours. */
const HOURS = [1, 2, 3, 4, 6, 12, 24, 48];

/**
 * Whole numbers from at most `least`, which is 0 or less, to at least `most`; 0 is one of them.
 * @param {number} least
 * @param {number} most
 */
export function countTicks(least, most) {
  const span = Math.max(most, 1) - least;
  let step = 1;
  for (let size = 1; ; size *= 10) {
    const fitting = [1, 2, 5].map((one) => one * size).find((one) => span / one <= MAX_STEPS);
    if (fitting) {
      step = fitting;
      break;
    }
  }
  return multiples(Math.floor(least / step), Math.ceil(Math.max(most, 1) / step), step);
}

/**
 * Durations from 0 to at least `most`, in milliseconds.
 * @param {number} _least is 0
 * @param {number} most
 */
export function durationTicks(_least, most) {
  const step = DURATIONS.find((one) => most / one <= MAX_DURATION_STEPS) ?? Math.ceil(most / MAX_DURATION_STEPS);
  return multiples(0, Math.max(1, Math.ceil(most / step)), step);
}

/**
 * Moments between two, at round hours of the time of this machine: at most `most` of them, in seconds since 1970. The last
 * one is `now`, if it lies between the two; those too close to it to be written are left out.
 * @param {number} from
 * @param {number} to
 * @param {number} most
 * @param {number} now
 */
export function hourTicks(from, to, most, now) {
  const hours = (to - from) / 3600, step = HOURS.find((one) => hours / one <= most) ?? HOURS[HOURS.length - 1];
  const isNowSeen = from <= now && now <= to;
  const room = isNowSeen ? now - (to - from) / (1.5 * Math.max(most, 1)) : to;
  const begin = new Date(from * 1000);
  /** @type {number[]} */
  const found = [];
  for (let hour = 0; ; hour += step) {
    const at = new Date(begin.getFullYear(), begin.getMonth(), begin.getDate(), hour).getTime() / 1000;
    if (at > room) break;
    // An hour that a change of the clock leaves out is the one after it.
    if (at >= from && at !== found.at(-1)) found.push(at);
  }
  return isNowSeen ? [...found, now] : found;
}

/**
 * @param {number} first
 * @param {number} last
 * @param {number} step
 */
const multiples = (first, last, step) => Array.from({ length: last - first + 1 }, (_, place) => (first + place) * step);
