// Loads one function's bundle as Lambda's runtime does, and calls it once: node cold-handler.mjs <bundle> <payload>.
// Two lines on standard output: the CPU time in milliseconds when it was loaded, and what the function answered.
const [, , bundle, payload] = process.argv;
const { handler } = await import(bundle);
const { user, system } = process.cpuUsage();
process.stdout.write(`${(user + system) / 1000}\n`);
const answer = await handler(JSON.parse(payload), { getRemainingTimeInMillis: () => 300_000 });
process.stdout.write(`${JSON.stringify(answer)}\n`);
process.exit();
