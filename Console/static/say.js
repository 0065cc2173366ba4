// @ts-check
// The page's one polite live region: what was done, for everybody, and read aloud where somebody listens.

import { visible } from "./format.js";

const MILLISECONDS = 10_000;
let clearing = 0, isOutcome = false;

/** @param {string} text */
export function say(text) {
  const region = document.getElementById("status");
  if (!region) return;
  region.textContent = visible(text);
  clearTimeout(clearing);
  clearing = setTimeout(clear, MILLISECONDS);
  // An action that leaves its screen says what came of it and goes at once; who leaves later, leaves it behind.
  const said = location.hash;
  isOutcome = true;
  setTimeout(() => { isOutcome &&= location.hash !== said; });
}

/** The screen is left: what was said on it goes, unless it is the outcome of what led away from it. */
export function hush() {
  if (isOutcome) isOutcome = false;
  else clear();
}

function clear() {
  const region = document.getElementById("status");
  if (region) region.textContent = "";
}
