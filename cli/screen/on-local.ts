/** Commands that work on no deployment, and what stands for any command. */
const ELSEWHERE = /^(validate|copy|probe|completion|COMMAND|--)/;

/** Commands that a text names, as they are for the deployment that `npm start -- --keep` keeps running. */
export function onLocal(text: string): string {
  return text.replaceAll(/"npx sluice ([^"]+)"/g, (whole, rest: string) =>
    ELSEWHERE.test(rest) || /--local|--help/.test(rest) ? whole : `"npx sluice ${rest} --local"`,
  );
}

/** The same where a command works on that deployment. */
export function forDeployment(text: string, { isLocal }: { readonly isLocal: boolean }): string {
  return isLocal ? onLocal(text) : text;
}
