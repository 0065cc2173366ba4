// @ts-check
// The page's one polite live region: what was done, for everybody, and read aloud where somebody listens.

import { visible } from "./format.js";

const MILLISECONDS = 10_000;
let clearing = 0;

/** @param {string} text */
export function say(text) {
  const region = document.getElementById("status");
  if (!region) return;
  region.textContent = visible(text);
  clearTimeout(clearing);
  clearing = setTimeout(() => { region.textContent = ""; }, MILLISECONDS);
}
