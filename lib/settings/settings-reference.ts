import { fileURLToPath } from 'node:url';
import { gateWaitSeconds } from '#run/settings/gate.ts';
import { settingsSchema } from './settings.ts';
import { settingsRules } from './settings-rules.ts';
import { describeTakes, type SettingShape, settingsShape } from './settings-shape.ts';

/** The path of the reference in the repository. */
export const SETTINGS_REFERENCE = fileURLToPath(new URL('../../docs/settings.md', import.meta.url));

const ruled = new Set(settingsRules.flatMap((rule) => rule.settings));

/** docs/settings.md, made from the schema. `npm run docs:settings` writes it. */
export function settingsReference(): string {
  const defaults = settingsSchema.parse({});
  const minutes = gateWaitSeconds(defaults.gate) / 60;
  const entries = Object.entries(settingsShape.properties ?? {});
  const groups = entries.filter(([, shape]) => shape.properties !== undefined);
  const single = entries.filter(([, shape]) => shape.properties === undefined);
  return [
    '# Settings',
    '',
    '<!-- Made from lib/settings/settings.ts and run/settings/ by `npm run docs:settings`; edit that. -->',
    '',
    'This page lists every setting of a deployment, with its default and its limits. A first deploy needs none of them.',
    '',
    'Write settings in `cdk.json`, in the object `sluice` of its context, or on the command line, which overrides `cdk.json`:',
    '',
    '```json',
    '{ "context": { "sluice": { "gate": { "intervalSeconds": 60 }, "workers": { "max": 8 } } } }',
    '```',
    '```sh',
    'npx cdk deploy -c sluice.gate.intervalSeconds=60 -c \'sluice.schedules=[{"name":"nightly","expression":"cron(30 4 * * ? *)"}]\'',
    '```',
    '',
    'If a setting does not exist, has a bad value or breaks a rule, `cdk synth` stops and reports all problems at once.',
    `By default a run waits ${minutes} minutes (${defaults.gate.attempts} × ${defaults.gate.intervalSeconds} s) for its workers after its last transfer.`,
    'Settings marked with † are also checked against others.',
    '',
    ...groups.flatMap(([name, shape]) => [`## ${name}`, '', ...table(`${name}.`, shape), '']),
    '## The rest',
    '',
    ...table('', { properties: Object.fromEntries(single) }),
    '',
    '### A schedule',
    '',
    'Each entry of `schedules` is an object of:',
    '',
    ...table('', settingsShape.properties?.schedules?.items ?? {}, 'schedules'),
    '',
    '### A stage of the delivery',
    '',
    'Each entry of `delivery.stages` is an object of:',
    '',
    ...table('', settingsShape.properties?.delivery?.properties?.stages?.items ?? {}, 'stages'),
    '',
  ].join('\n');
}

function table(prefix: string, group: SettingShape, list?: string): string[] {
  const rows = Object.entries(group.properties ?? {}).map(([name, shape]) => {
    const mark = list === undefined && ruled.has(`${prefix}${name}`) ? ' †' : '';
    const byDefault = shape.default === undefined ? 'none' : `\`${JSON.stringify(shape.default)}\``;
    return `| \`${prefix}${name}\`${mark} | ${describeTakes(shape)} | ${byDefault} | ${shape.description ?? ''} |`;
  });
  return ['| setting | takes | default | what it is |', '|---|---|---|---|', ...rows];
}
