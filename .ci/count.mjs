// Adds up vitest's JSON reports and prints the one line that tells how the tests went.
import { readFileSync } from 'node:fs';

const reports = process.argv.slice(2).map((file) => JSON.parse(readFileSync(file, 'utf8')));
const sum = (name) => reports.reduce((total, report) => total + report[name], 0);
// A file that broke before its tests ran counts as one failed test, or it would go unseen.
const brokenFiles = reports
  .flatMap((report) => report.testResults)
  .filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
const failed = sum('numFailedTests') + brokenFiles.length;
console.log(`${sum('numPassedTests')} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
