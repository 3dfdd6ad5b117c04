import { UNSEEN } from '#net/printable.ts';

/** S3's limit on a key, in bytes of UTF-8. The names of work have the same limit. */
export const MAX_NAME_BYTES = 1_024;

/** Letters and marks of scripts in which a joiner (U+200C, U+200D) changes what the reader sees. */
const JOINED =
  /(?<=[\p{scx=Arab}\p{scx=Syrc}\p{scx=Mand}\p{scx=Mong}\p{scx=Nkoo}\p{scx=Adlm}\p{scx=Deva}\p{scx=Beng}\p{scx=Guru}\p{scx=Gujr}\p{scx=Orya}\p{scx=Taml}\p{scx=Telu}\p{scx=Knda}\p{scx=Mlym}\p{scx=Sinh}\p{scx=Khmr}\p{scx=Mymr}\p{scx=Tibt}])[\u200c\u200d]/gu;

/**
 * Returns why a text can't be a name that people read in a list or on a terminal, or undefined for a valid name. A name
 * with invisible characters looks like another name. SQS refuses a message with code points that are not characters.
 */
export function nameProblem(name: string): string | undefined {
  if (name === '') return 'takes at least one character';
  if (!name.isWellFormed()) return 'takes Unicode text, but this contains half a surrogate pair';
  const bytes = Buffer.byteLength(name);
  if (bytes > MAX_NAME_BYTES) return `takes at most ${MAX_NAME_BYTES} bytes, got ${bytes}`;
  if (/\p{Cc}/u.test(name)) return 'takes no control characters';
  const unseen = UNSEEN.exec(name.replace(JOINED, ''))?.[0];
  if (unseen === undefined) return undefined;
  const code = unseen.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0');
  return `takes no invisible characters and no characters that change the writing direction, but this contains U+${code}`;
}
