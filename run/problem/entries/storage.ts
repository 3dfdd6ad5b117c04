import type { Entry } from '../entry.ts';

/** Problems between Sluice and S3. */
export const STORAGE = {
  'object-exists': {
    title: 'The object exists already',
    names: ['ObjectExistsError'],
    meaning: 'The source says ifExists: "fail", and the bucket has an object at its key. The object stays as it is.',
    mend: 'use another key, or say what to do with the existing object',
    allowedBy: '"ifExists": "update", "skip" or "overwrite" in the source (copy: --if-exists)',
  },
  'bad-destination': {
    title: 'S3 would not store the object under this name',
    names: ['InvalidDestinationError'],
    meaning:
      'The key is longer than 1,024 bytes, has a segment that S3 servers read differently, or the metadata are more than 2 KiB; or neither source nor destination has a name for the file.',
    mend: 'give the source a key that the detail allows',
  },
  'bad-transfer-options': {
    title: 'The options of the transfer are not valid',
    names: ['InvalidOptionsError', 'SourceRuleError'],
    meaning:
      'A caller of the transfer engine passed options that exclude each other or are out of range. The engine sent no request.',
    mend: 'correct what the detail names (docs/transfer.md)',
  },
  'upload-vanished': {
    title: 'The upload does not exist any more',
    names: ['UploadVanishedError', 'PartsMissingError'],
    meaning:
      'S3 does not know the multipart upload or some of its parts any more: somebody or a lifecycle rule aborted the upload. The transfer starts again. If this happens four times, the item fails.',
    mend: 'find out who aborts uploads in the bucket, and check its lifecycle rules; then run the item again',
    mendWithoutRun:
      'find out who aborts uploads in the bucket, and check its lifecycle rules; then run the same command again',
  },
  'storage-failed': {
    title: 'S3 failed too often in a row, or refused',
    names: ['StorageError', 'UncertainAnswerError', 'NoSuchWinnerError'],
    meaning: 'S3 refused a request, or several attempts in a row failed. The detail contains the message of S3.',
    mend: 'check the permissions and the encryption key of the bucket if S3 refused; else run the item again',
    mendWithoutRun:
      'check the permissions and the encryption key of the bucket if S3 refused; else run the same command again',
  },
  'outcome-unknown': {
    title: 'It is not known whether the object exists',
    names: ['OutcomeUnknownError'],
    meaning: 'The command was stopped while S3 was creating the object, and S3 did not answer afterwards.',
    mend: 'look for the object; the same command again finds it, or lands it',
  },
  'unreadable-record': {
    title: 'A record of the run cannot be read',
    names: ['UnreadableRecordError', 'LineTooLongError'],
    meaning:
      'An object below runs/ is not a record that Sluice wrote: the object is incomplete, too long, deleted, or written by another program.',
    mend: 'look at the object that the detail names, and at its earlier versions in the bucket',
  },
  'newer-version': {
    title: 'A newer version of Sluice has written this',
    names: ['NewerVersionError'],
    meaning:
      'A record or a message has a version that this program does not know. Workers return such a message to the queue, for a newer worker.',
    mend: 'update this clone and deploy it ("npx cdk deploy"), or use the command line of the newer version',
  },
} as const satisfies Record<string, Entry>;
