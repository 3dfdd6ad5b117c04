// undici loads HTTP/2 where Node has it, and catches where it has not. Ours never speaks it (guarded-agent.ts), and it
// is 8 ms and 1.3 MiB at each cold start.
throw new Error('HTTP/2 is left out of this bundle: see lib/bundling/lambda-bundles.ts');
