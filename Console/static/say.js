// @ts-check
// The page's one polite live region: what was done, for everybody, and read aloud where somebody listens.

/** @param {string} text */
export function say(text) {
  const region = document.getElementById("status");
  if (region) region.textContent = text;
}
