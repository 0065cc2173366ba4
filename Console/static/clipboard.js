// @ts-check
// Copying a text, and saying that it was copied.

import { say } from "./say.js";

/**
 * @param {string} text
 * @param {string} what
 */
export async function copyText(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    say(`Copied the ${what}.`);
  } catch {
    say(`The browser does not let the page copy the ${what}: select it and copy it by hand.`);
  }
}
