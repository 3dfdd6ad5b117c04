import { writeFileSync } from 'node:fs';
import { scriptOptions } from '#local/script-options.ts';
import { ERRORS_FILE, errorsPage } from '#run/problem/errors-page.ts';

scriptOptions({ command: 'npm run docs:errors --', about: 'Writes docs/errors.md from the catalogue of errors.' });
writeFileSync(ERRORS_FILE, errorsPage());
