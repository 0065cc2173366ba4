// @ts-check
// All failed jobs of a step, page by page: the API gives the newest 500 that completed at a moment or earlier. Pure but for
// what it is given to ask with.

const SECOND = 1000;

/**
 * Gives the next older jobs at each call, each job once, and whether there may be more.
 * @param {(until: string | null) => Promise<any[]>} list the newest jobs until a moment, `most` at most
 * @param {number} most
 * @returns {() => Promise<{jobs: any[], more: boolean}>}
 */
export function olderJobs(list, most) {
  /** @type {Set<string>} */
  const known = new Set();
  /** @type {string | null} */
  let until = null;
  return async () => {
    const page = await list(until);
    const jobs = page.filter(({ id }) => !known.has(id));
    for (const { id } of jobs) known.add(id);
    const last = page.at(-1)?.completedOn;
    // Dataverse tells whole seconds, but keeps parts of them: others of this second may come behind the last one.
    until = last ? new Date(Date.parse(last) + SECOND).toISOString() : null;
    // Where a page has nothing new, more jobs than it holds completed within a second, and there is no way past them.
    return { jobs, more: page.length === most && jobs.length > 0 && until !== null };
  };
}
