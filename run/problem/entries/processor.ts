import type { Entry } from '../entry.ts';

/** Why a processor makes no result from an item. */
export const PROCESSOR = {
  'processor-failed': {
    title: 'The processor failed',
    names: ['PermanentError'],
    meaning:
      'The processor threw an error that has no code of its own. Every error of a processor of your own has this code; the detail contains the name and the message of the error.',
    mend: 'read the log lines of the item; correct the processor or its input, then run the item again ("npx sluice retry RUN")',
  },
  'unknown-processor': {
    title: 'The workers have no such processor',
    names: ['UnknownProcessorError'],
    meaning: 'The deployed workers do not have the processor that the item names.',
    mend: 'deploy the processor ("npx cdk deploy"), or name one that is there (docs/processors.md)',
  },
  'processor-options': {
    title: 'The options of the processor are wrong',
    names: ['ProcessorOptionsError'],
    meaning: 'The processor does not take the options that the input gives it. The detail lists every problem.',
    mend: 'correct the options (docs/processors.md)',
  },
  'processor-output': {
    title: 'The processor broke the contract of outputs and results',
    names: ['OutputNameError', 'OutputNotFinishedError', 'InvalidResultError'],
    meaning:
      'The name of an output is not valid, an output was not finished, or the result is not JSON or is too long.',
    mend: 'correct the processor (docs/processors.md)',
  },
  'input-object': {
    title: 'The landed object does not exist any more, or has changed',
    names: ['NoInputObjectError', 'InputChangedError', 'InputGoneError'],
    meaning: 'The processor reads a landed object, and somebody removed or replaced it, or the item never had one.',
    mend: 'find out who writes to the bucket at this key, then land the item again ("npx sluice run")',
  },
  'malformed-input': {
    title: 'The content is broken',
    names: ['MalformedInputError'],
    meaning:
      'The object is incomplete, or not well-formed in the format that it claims to have. The detail names the place.',
    mend: 'ask the owner of the source for a complete file',
  },
  'decompression-bomb': {
    title: 'The content unpacks to far too many bytes',
    names: ['DecompressionBombError'],
    meaning: 'A small compressed stream unpacks to so many bytes that Sluice treats it as an attack.',
    mend: 'unpack the file yourself if you trust it, and land the unpacked one',
  },
  'no-table': {
    title: 'The content is not a table',
    names: ['NoTableError'],
    meaning: 'The processor needs rows and columns, and cannot find them in the object.',
    mend: 'look at the first bytes of the object; often it is an error page that the server sent with the status 200',
  },
  'input-too-large': {
    title: 'The content needs more space than the worker has',
    names: ['InputTooLargeError', 'ConversionMemoryError'],
    meaning: 'The unpacked content, or one value of it, needs more disk or memory than the item may take.',
    mend: 'give the workers more room, or let them do fewer items at once',
    allowedBy: 'workers.diskGiB, workers.memoryMiB, workers.itemsAtOnce, the option maxInputMiB',
  },
  'too-many-bad-rows': {
    title: 'Too many rows are bad',
    names: ['TooManyBadRowsError'],
    meaning: 'More rows than allowed do not fit the table. The detail contains their number and the first of them.',
    mend: 'look at the rejected rows, and correct the types or the dialect in the options of the processor',
    allowedBy: 'the option maxBadRows',
  },
  'bad-columns': {
    title: 'The options name columns that do not fit',
    names: ['ColumnError'],
    meaning: 'A column that the options name is not in the table, or has too many values for partitions.',
    mend: 'correct partitionBy or the types in the options of the processor',
    allowedBy: 'the option maxPartitions, for too many partitions',
  },
  'conversion-failed': {
    title: 'The table could not be converted',
    names: ['ConversionError'],
    meaning:
      'DuckDB refused the table, or rows were lost during the conversion. The detail contains the message of DuckDB.',
    mend: 'give the columns their types in the options of the processor',
  },
  'own-processor-missing': {
    title: 'A module has no such processor',
    names: ['OwnProcessorError'],
    meaning: 'The setting workers.processors names a module that exports no processor of the name it gives.',
    mend: 'export what defineProcessor returns, under the name of the setting, and deploy again',
  },
  'no-archive': {
    title: 'The content is not an archive',
    names: ['NoArchiveError', 'UnsupportedArchiveError'],
    meaning:
      'The processor unpack reads ZIP (stored and deflated files), tar, gzip and zstd, and the object is something else.',
    mend: 'land the object without unpack, or ask the owner of the source for a ZIP or a tar',
  },
  'broken-archive': {
    title: 'The archive is broken',
    names: ['BrokenArchiveError'],
    meaning: 'The archive is incomplete, or a file in it differs from the size or checksum in the archive.',
    mend: 'ask the owner of the source for a complete archive',
  },
  'encrypted-archive': {
    title: 'The archive is encrypted',
    names: ['EncryptedArchiveError'],
    meaning: 'A file in the archive needs a password, and Sluice has no setting for a password.',
    mend: 'ask the owner of the source for an archive without a password, or leave the file out',
    allowedBy: 'the option only, for the other files',
  },
  'unsafe-archive': {
    title: 'The archive contains a name that is not safe',
    names: ['UnsafeArchiveError'],
    meaning: 'A name in the archive leads to a path outside of it, occurs twice, or is not a valid name.',
    mend: 'ask the owner of the source: ordinary tools do not write such names',
  },
  'archive-too-large': {
    title: 'The archive contains too much',
    names: ['ArchiveTooLargeError'],
    meaning:
      'The archive has more files or bytes than the options or the disk of the worker allow, or unpacks to so many bytes that Sluice treats it as an attack.',
    mend: 'allow more, or give the workers more disk',
    allowedBy: 'the options maxEntries and maxUnpackedMiB, workers.diskGiB',
  },
  'unpacked-failed': {
    title: 'The processor failed on files of the archive',
    names: ['UnpackedFailedError', 'NothingUnpackedError'],
    meaning:
      'The processor failed on more of the unpacked files than allowed, or there was no file to unpack. The detail contains the first failure.',
    mend: 'exclude the files that are not for the processor with the option only',
    allowedBy: 'the option maxFailed',
  },
  'parquet-not-deployed': {
    title: 'The deployment has no DuckDB',
    names: ['ParquetNotDeployedError'],
    meaning: 'The processor needs DuckDB, and the setting workers.parquet is false.',
    mend: 'deploy with DuckDB',
    allowedBy: 'workers.parquet',
  },
  'start-page': {
    title: 'The first page cannot be fetched',
    names: [
      'StartPageError',
      'StartPageUnavailableError',
      'NoStartUrlError',
      'PageUnreachableError',
      'PageTooDeepError',
    ],
    meaning: 'A scrape begins with one page. This page does not exist, is not HTML, or redirects to another host.',
    mend: 'open the page yourself, and begin with the URL to which it redirects',
  },
  'disallowed-by-robots': {
    title: 'The site does not allow robots',
    names: ['DisallowedByRobotsError', 'RobotsUnreachableError'],
    meaning:
      'The robots.txt of the site forbids the page, or the scraper cannot read it. Sluice treats a robots.txt that it cannot read as a prohibition.',
    mend: 'ask the owner of the site',
  },
} as const satisfies Record<string, Entry>;
