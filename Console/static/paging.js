// @ts-check
// Listings a page at a time. A call's work is bounded, so a page may be short, or empty, and there may be more all the same.

const MAX_CALLS = 5;

/**
 * What was found so far, and where the next call goes on: null where there is no more. `scannedUntil` is up to where a
 * search looked.
 * @typedef {{items: any[], token: string | null, scannedUntil?: string | null}} Listed
 */

/** @type {Listed} */
export const NOTHING = { items: [], token: null };

/**
 * Goes on with a listing until it has `enough` more items, or five calls were made, or there is no more. `fetchPage` is
 * given the token, null at first, and answers a page: `{value, continuationToken}`.
 * @param {(token: string | null) => Promise<any>} fetchPage
 * @param {{before?: Listed, enough?: number}} [wanted]
 * @returns {Promise<Listed>}
 */
export async function collect(fetchPage, { before = NOTHING, enough = 50 } = {}) {
  const items = [...before.items];
  let token = before.token;
  let scannedUntil = before.scannedUntil;
  for (let calls = 0; calls < MAX_CALLS; calls += 1) {
    const page = await fetchPage(token);
    items.push(...page.value);
    token = page.continuationToken ?? null;
    scannedUntil = page.scannedUntil;
    if (token === null || items.length >= before.items.length + enough) break;
  }
  return { items, token, scannedUntil };
}
