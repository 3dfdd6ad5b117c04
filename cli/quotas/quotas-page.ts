import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { quotasOf } from './quotas.ts';

export const QUOTAS_PAGE = fileURLToPath(new URL('../../docs/quotas.md', import.meta.url));

/** docs/quotas.md, for the default settings. */
export function quotasPage(): string {
  const quotas = quotasOf();
  return `# Quotas that a new account meets

<!-- Made from cli/quotas/quotas.ts by \`node cli/quotas/quotas-page.ts\`; edit that. -->

An account made yesterday has less of some things than the vendor's pages say. These are what Sluice needs with its default
settings, in the region that it is deployed in. Look at them, and ask for more, in the console under Service Quotas, or:

\`\`\`sh
aws service-quotas get-service-quota --service-code vpc --quota-code L-F678F1CE
\`\`\`

| quota | code | needed | a new account has | what too little of it stops |
|---|---|---:|---|---|
${quotas
  .map(
    ({ service, name, serviceCode, quotaCode, needed, newAccount, stops }) =>
      `| ${service}: ${name} | \`${serviceCode}\` \`${quotaCode}\` | ${needed} | ${newAccount} | ${stops} |`,
  )
  .join('\n')}

How each looks when there is too little:

${quotas.map(({ name, failure, remedy }) => `- **${name}.** ${failure.replace(/^./, (letter) => letter.toUpperCase())}. Without more of it: ${remedy}.`).join('\n')}

What a new account has was reported by others and is not promised by the vendor. No deploy to a real account was tried by this
project yet.
`;
}

if (import.meta.main) writeFileSync(QUOTAS_PAGE, quotasPage());
