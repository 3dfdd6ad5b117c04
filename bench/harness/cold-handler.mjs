// Loads one function's bundle as Lambda's runtime does: node cold-handler.mjs <bundle> [payload]. With a payload, the
// function is called once. It prints the CPU time in milliseconds after loading, and the answer of the function.
// Without a bundle, it measures only Node.
const [, , bundle, payload] = process.argv;
const loaded = bundle && (await import(bundle));
const { user, system } = process.cpuUsage();
process.stdout.write(`${(user + system) / 1000}\n`);
if (payload) {
  const answer = await loaded.handler(JSON.parse(payload), { getRemainingTimeInMillis: () => 300_000 });
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
