/** Commands that need no deployment, and placeholders for commands. */
const ELSEWHERE = /^(validate|copy|probe|completion|COMMAND|--)/;

/** Adds `--local` to the commands in a text, for the deployment that `npm start -- --keep` keeps running. */
export function onLocal(text: string): string {
  return text.replaceAll(/"npx sluice ([^"]+)"/g, (whole, rest: string) =>
    ELSEWHERE.test(rest) || /--local|--help/.test(rest) ? whole : `"npx sluice ${rest} --local"`,
  );
}

/** Does the same if a command works on that deployment. */
export function forDeployment(text: string, { isLocal }: { readonly isLocal: boolean }): string {
  return isLocal ? onLocal(text) : text;
}
