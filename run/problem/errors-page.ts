import { fileURLToPath } from 'node:url';
import { SECTIONS } from './catalogue.ts';
import type { Entry } from './entry.ts';
import { ERRORS_PAGE } from './problem.ts';

/** The path of the page in the repository. */
export const ERRORS_FILE = fileURLToPath(new URL(`../../${ERRORS_PAGE}`, import.meta.url));

const HEAD = `# Errors

<!-- Made from run/problem/catalogue.ts by \`npm run docs:errors\`; edit that. -->

Every failure has a code, which never changes. You find it in the command line, in the local run, in the ledger
(\`failures/<item>.json\`), in the manifest, in events and in the report, always as the same object. Its members are those of
[RFC 9457](https://www.rfc-editor.org/rfc/rfc9457), with some of ours:

| member | holds |
|---|---|
| \`type\` | the section of this page |
| \`code\` | the code: the heading of that section |
| \`title\` | what happened, in a few words |
| \`detail\` | what happened to which thing |
| \`instance\` | the key of the record in the bucket, where there is one |
| \`mend\` | what to do |
| \`allowedBy\` | the settings or options that would let it pass, or \`never\` |
| \`error\` | the name of the error that was thrown, as the log lines have it |
| \`bytes\` | how many bytes came (\`got\`) of how many (\`expected\`), where that is known |
| \`logs\` | the command that shows its log lines |

\`npx sluice … --json\` writes this object to standard error when a command fails. A command ends with 2 for the codes that are marked
"exit code 2": what was typed, or what the command needs from you, has to change. It ends with 1 for the others.
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
