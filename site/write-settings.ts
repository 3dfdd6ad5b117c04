import { writeFileSync } from 'node:fs';
import { SETTINGS_REFERENCE, settingsReference } from '#lib/settings/settings-reference.ts';
import { scriptOptions } from '#local/script-options.ts';

scriptOptions({
  command: 'npm run docs:settings --',
  about: 'Writes docs/settings.md from the schema of the settings.',
});
writeFileSync(SETTINGS_REFERENCE, settingsReference());
