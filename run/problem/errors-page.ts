import { fileURLToPath } from 'node:url';
import { SECTIONS } from './catalogue.ts';
import type { Entry } from './entry.ts';
import { ERRORS_PAGE } from './problem.ts';

/** The path of the page in the repository. */
export const ERRORS_FILE = fileURLToPath(new URL(`../../${ERRORS_PAGE}`, import.meta.url));

const HEAD = `# Errors

<!-- Made from run/problem/catalogue.ts by \`npm run docs:errors\`; edit that. -->

This page lists every error code of Sluice: what it means, and what to do. Search it for the code that you see, such as \`source-refused\`.

Every failure has a code, which never changes. The command line, the local run, the [ledger](glossary.md#ledger) (\`failures/<item>.json\`), the
[manifest](glossary.md#manifest), events and reports show a failure always as the same JSON object. Its members are those of
[RFC 9457](https://www.rfc-editor.org/rfc/rfc9457), and some that Sluice adds:

| member | content |
|---|---|
| \`type\` | the section of this page |
| \`code\` | the code: the heading of that section |
| \`title\` | what happened, in a few words |
| \`detail\` | what happened to which thing |
| \`instance\` | the key of the record in the bucket, if there is a record |
| \`mend\` | what to do |
| \`allowedBy\` | the settings or options with which this would not be an error, or \`never\` if there are none |
| \`error\` | the name of the error that the code threw; log lines show the same name |
| \`bytes\` | how many bytes Sluice received (\`got\`) and how many it expected (\`expected\`), if it knows them |
| \`logs\` | the command that shows the log lines |

If a command fails, \`npx sluice … --json\` writes this object to standard error. The exit code of a command is 2 for the codes that are marked
"Exit code 2": correct the command, or something that it needs, such as the region. For the other codes it is 1.
`;

/** Returns docs/errors.md, made from the catalogue. `npm run docs:errors` writes the page. */
export function errorsPage(): string {
  const sections = Object.entries(SECTIONS).map(([section, entries]) =>
    [`## ${section}`, ...Object.entries(entries).map(([code, entry]) => entryText(code, entry))].join('\n\n'),
  );
  return `${[HEAD.trimEnd(), ...sections].join('\n\n')}\n`;
}

function entryText(
  code: string,
  { title, names = [], foreign = [], meaning, mend, mendWithoutRun, allowedBy, isUsage }: Entry,
): string {
  const thrown = [...names, ...foreign];
  const lines = [
    `- What to do: ${mend}.`,
    ...(mendWithoutRun === undefined ? [] : [`- Without a run (probe, copy, a dry run): ${mendWithoutRun}.`]),
    `- Allowed by: ${allowedBy ?? 'never'}.`,
    ...(thrown.length === 0 ? [] : [`- Thrown as: ${thrown.map((name) => `\`${name}\``).join(', ')}.`]),
    ...(isUsage === true ? ['- Exit code 2.'] : []),
  ];
  return `### ${code}\n\n**${title}.** ${meaning}\n\n${lines.join('\n')}`;
}
