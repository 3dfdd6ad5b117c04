// Reports checkov's findings, and fails if checkov has checked nothing.
import { readFileSync } from 'node:fs';

const report = JSON.parse(readFileSync(process.argv[2], 'utf8'));
for (const { check_id, check_name, resource } of report.results?.failed_checks ?? []) {
  console.log(`${check_id} ${resource}: ${check_name}`);
}
const { passed = 0, failed = 0, resource_count: resources = 0 } = report.summary ?? {};
console.log(`checkov: ${passed} checks of ${resources} resources passed, ${failed} failed`);
if (passed === 0) process.exitCode = 1;
