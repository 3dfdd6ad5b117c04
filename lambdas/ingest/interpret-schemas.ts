import * as z from '#net/zod.ts';

/**
 * zod makes code from each schema of an object when the schema is first used. That pays off after some hundred objects.
 * A function that transfers reads a few, and needs 7 ms of CPU less until its first request without it. zod decides
 * when a schema is built, so a handler imports this module before all others.
 */
z.config({ jitless: true });
