// @ts-check
// Repeated work while somebody looks: it stops when the page is hidden, and slows down while it fails.

const MAX_SECONDS = 120;
// Of what the hub asks to wait.
const MAX_WAIT = 3600;

/**
 * How long to wait after so many failures in a row: twice as long after each, two minutes at most.
 * @param {number} seconds
 * @param {number} failures
 */
export const nextDelay = (seconds, failures) => Math.min(seconds * 2 ** failures, Math.max(seconds, MAX_SECONDS));

// Not by the clock of this machine, which somebody may set back by hours.
const elapsed = () => performance.now();

/**
 * Works every so many seconds, one at a time; 0 is never. Coming back to the page works at once if it was due.
 * @param {{seconds: number, work: () => Promise<void>, isPaused: () => boolean, hasFailed: () => boolean,
 *   wait?: () => number}} what `wait`: the seconds that the hub asks for
 * @returns {{stop: () => void}}
 */
export function poll({ seconds, work, isPaused, hasFailed, wait = () => 0 }) {
  if (!seconds) return { stop() {} };
  let failures = 0;
  let due = elapsed() + seconds * 1000;
  let isWorking = false;
  const look = async () => {
    if (isWorking || document.hidden || isPaused() || elapsed() < due) return;
    isWorking = true;
    try {
      await work();
    } finally {
      failures = hasFailed() ? failures + 1 : 0;
      due = elapsed() + Math.max(nextDelay(seconds, failures), Math.min(wait(), MAX_WAIT)) * 1000;
      isWorking = false;
    }
  };
  const timer = setInterval(look, 500);
  document.addEventListener("visibilitychange", look);
  return {
    stop() {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", look);
    },
  };
}
