import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { quotasOf } from './quotas.ts';

export const QUOTAS_PAGE = fileURLToPath(new URL('../../docs/quotas.md', import.meta.url));

/** docs/quotas.md, for the default settings. */
export function quotasPage(): string {
  const quotas = quotasOf();
  return `# Quotas that a new account meets

<!-- Made from cli/quotas/quotas.ts by \`node cli/quotas/quotas-page.ts\`; edit that. -->

A new AWS account has lower quotas than AWS documents. The table lists the quotas that Sluice needs with its default
settings, in the region of the deployment. You can read each quota, and request a higher one, in the console under Service Quotas.
This command reads one:

\`\`\`sh
aws service-quotas get-service-quota --service-code vpc --quota-code L-F678F1CE
\`\`\`

| quota | code | Sluice needs | a new account has | a quota that is too low stops |
|---|---|---:|---|---|
${quotas
  .map(
    ({ service, name, serviceCode, quotaCode, needed, newAccount, stops }) =>
      `| ${service}: ${name} | \`${serviceCode}\` \`${quotaCode}\` | ${needed} | ${newAccount} | ${stops} |`,
  )
  .join('\n')}

How you notice that a quota is too low, and what to do if you can't get a higher one ([the glossary](glossary.md) explains the words):

${quotas.map(({ name, failure, remedy }) => `- **${name}.** ${failure.replace(/^./, (letter) => letter.toUpperCase())}. Without a higher quota: ${remedy}.`).join('\n')}

Other users have reported the quotas of new accounts; AWS does not promise them. This project has not yet been deployed to a real
account.
`;
}

if (import.meta.main) writeFileSync(QUOTAS_PAGE, quotasPage());
