// Runs npm's audit at the level "high". If the registry has no audit endpoint, this is reported and does not fail; a
// finding fails.
import { spawnSync } from 'node:child_process';

const { stdout } = spawnSync('npm', ['audit', '--audit-level=high', '--json'], { encoding: 'utf8' });
const report = parse(stdout);
const counts = report?.metadata?.vulnerabilities;
if (counts === undefined) {
  console.log(
    `npm audit gave no result, so known vulnerabilities were not checked: ${report?.message ?? report?.error?.summary ?? 'no answer'}`,
  );
} else {
  console.log(`npm audit: ${JSON.stringify(counts)}`);
  for (const { name, severity, range } of Object.values(report.vulnerabilities))
    console.log(`${severity} ${name} ${range}`);
  if (counts.high + counts.critical > 0) process.exitCode = 1;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
