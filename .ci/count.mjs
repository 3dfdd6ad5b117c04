// Adds up vitest's JSON reports: names the failed tests, and prints one line with the numbers.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

const reports = process.argv.slice(2).map((file) => JSON.parse(readFileSync(file, 'utf8')));
const sum = (name) => reports.reduce((total, report) => total + report[name], 0);
const files = reports.flatMap((report) => report.testResults);

// A file that broke before its tests ran counts as one failed test. Otherwise it would not be counted.
const brokenFiles = files.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
const failedTests = files.flatMap((file) =>
  file.assertionResults
    .filter((test) => test.status === 'failed')
    .map((test) => ({
      name: `${relative('.', file.name)}: ${test.fullName}`,
      why: test.failureMessages.join('\n'),
    })),
);
// At the end of a log of thousands of lines, where a reader looks first.
for (const { name, why } of [
  ...failedTests,
  ...brokenFiles.map((file) => ({ name: relative('.', file.name), why: file.message })),
]) {
  console.log(`FAILED ${name}\n${why.replace(/^/gm, '    ')}\n`);
}

const failed = sum('numFailedTests') + brokenFiles.length;
console.log(`${sum('numPassedTests')} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
