// Loads one function's bundle as Lambda's runtime does: node cold-handler.mjs <bundle> [payload]. With a payload it is
// called once. Lines on standard output: the CPU time in milliseconds when it was loaded, and what the function answered.
// Without a bundle it is Node alone, and its CPU time.
const [, , bundle, payload] = process.argv;
const loaded = bundle && (await import(bundle));
const { user, system } = process.cpuUsage();
process.stdout.write(`${(user + system) / 1000}\n`);
if (payload) {
  const answer = await loaded.handler(JSON.parse(payload), { getRemainingTimeInMillis: () => 300_000 });
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
process.exit();
