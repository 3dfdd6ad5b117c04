import type { CompleteMultipartUploadCommand } from '@aws-sdk/client-s3';
import { crc32ToBase64 } from '../proof/crc32.ts';

/** One of the parts of an object. */
export interface ListedPart {
  readonly number: number;
  readonly etag: string;
  readonly crc: number | undefined;
}

/**
 * Writes the list of parts into a CompleteMultipartUpload that was made without one.
 *
 * The SDK makes a tree of objects of the whole list before it writes any of it: some 7 KB of memory for each part, all
 * at once.
 */
export function writePartList(command: CompleteMultipartUploadCommand, parts: readonly ListedPart[]): void {
  command.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as { body: string; headers: Record<string, string> };
      request.body = xmlOf(parts);
      request.headers['content-type'] = 'application/xml';
      return next(args);
    },
    { step: 'serialize', priority: 'low', name: 'sluicePartList' },
  );
}

function xmlOf(parts: readonly ListedPart[]): string {
  const written = parts.map(({ number, etag, crc }) => {
    const checksum = crc === undefined ? '' : `<ChecksumCRC32>${crc32ToBase64(crc)}</ChecksumCRC32>`;
    return `<Part><ETag>${escaped(etag)}</ETag>${checksum}<PartNumber>${number}</PartNumber></Part>`;
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">',
    ...written,
    '</CompleteMultipartUpload>',
  ].join('');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
