import type { Entry } from '../entry.ts';

/** Problems of a source, or of the connection to it. */
export const SOURCE = {
  'source-refused': {
    title: 'The source refuses the request',
    names: ['SourceRefusedError'],
    meaning:
      'The source answered with a status that stays the same at the next attempt, such as 401, 403, 404 or 410. The item fails at once.',
    mend: 'open the URL yourself; for 401 and 403 give the source its headers or credentials (docs/input.md), for 404 and 410 correct the URL',
  },
  'source-connection': {
    title: 'There is no connection to the source',
    names: ['SourceConnectionError'],
    meaning:
      'The host is unknown, its certificate is not valid, it does not support TLS, or it supports only HTTP/2. Another attempt would fail too.',
    mend: 'check the host name and its certificate; "npx sluice probe URL" tries it from your machine',
  },
  'source-unavailable': {
    title: 'The source failed too often in a row',
    names: ['SourceUnavailableError', 'SourceFaultError'],
    meaning:
      'Each request to the source was interrupted, was too slow, or received an error. The detail contains the last error. Sluice waits longer before each attempt, and gives up after the last.',
    mend: 'run the item again later ("npx sluice retry RUN"); if this continues, use fewer connections at once (ingest.connections)',
    mendWithoutRun:
      'check the URL, and try the same command again later; if this continues, use fewer connections at once (copy: --connections)',
  },
  'source-asks-to-wait': {
    title: 'The source asks Sluice to wait longer',
    names: ['SourceAsksToWaitError'],
    meaning:
      'The source answered 429 or 503 with a Retry-After that is longer than this process may wait. In a run, the item is tried again then, as long as the run has time.',
    mend: 'try again at the time that the detail names',
  },
  'source-changed': {
    title: 'The source changed while it was read',
    names: ['SourceChangedError', 'RangesIgnoredError'],
    meaning:
      'A later answer had another version than the first one. Sluice never joins parts of two versions, so the transfer begins again.',
    mend: 'try again when nobody changes the file at the source',
  },
  'source-keeps-changing': {
    title: 'The source changed at each attempt',
    names: ['SourceKeepsChangingError'],
    meaning: 'The transfer began four times, and each time the source changed before the transfer ended.',
    mend: 'run the item again when nobody changes the file any more ("npx sluice retry RUN"), or use a URL that names one version',
    mendWithoutRun: 'try again when nobody changes the file any more, or use a URL that names one version',
  },
  'stream-broken': {
    title: 'The single stream of the source broke off',
    names: ['StreamBrokenError'],
    meaning:
      'The source supports no ranges, or does not state its version. So a broken stream can only begin again, and it broke each time.',
    mend: 'run the item again when the network or the source is quieter; a source with ranges and an ETag can be resumed',
    mendWithoutRun:
      'try again when the network or the source is quieter; a source with ranges and an ETag can be resumed',
  },
  'source-forbidden': {
    title: 'The rules forbid the address',
    names: ['SourceForbiddenError'],
    meaning:
      'The settings do not allow requests to this URL, to the target of a redirect, or to an address of the host. Private, link-local and metadata addresses are closed by default, because an input could otherwise reach into the network of the deployment.',
    mend: 'check the URL; if you need this address, open it in the settings',
    allowedBy: 'sources.openRanges, sources.allowedHosts, sources.ports (copy, probe: --open-range)',
  },
  'bad-redirect': {
    title: 'The redirects of the source lead nowhere',
    names: ['RedirectError'],
    meaning: 'There are too many redirects, or a redirect leads to something that is not an http or https URL.',
    mend: 'open the URL yourself, and use the URL at which the redirects end',
  },
  'unproven-end': {
    title: 'Nothing proves the end of the body',
    names: ['UnprovenEndError'],
    meaning:
      'The answer has neither a length nor chunks, so an incomplete body looks like a complete one. Nothing was stored.',
    mend: 'state the size or a hash of the file in its source ("expect"), or accept the risk',
    allowedBy: '"allowUnprovenEnd": true in the source (copy: --allow-unproven-end)',
  },
  'transfer-coding': {
    title: 'The body has a coding that Sluice cannot decode',
    names: ['TransferCodingError'],
    meaning: 'The answer has a Transfer-Encoding other than "chunked". Its bytes are not those of the file.',
    mend: 'ask the owner of the source for the plain file, or use another URL of the file',
  },
  'proof-failed': {
    title: 'The received bytes are not the expected ones',
    names: ['ProofFailedError'],
    meaning:
      'The size, the content type or a hash of the received bytes differs from what the input expects or the source itself states. Nothing was stored.',
    mend: 'compare the expectation with the file at the source; if you stated none, the source or the connection is broken: try again',
  },
  'too-large': {
    title: 'The source is larger than allowed',
    names: ['TooLargeError'],
    meaning: 'The source is larger than the limit for one source, or larger than an object of S3 can be (48.8 TiB).',
    mend: 'check that the URL is the one that you mean, and raise the limit if so',
    allowedBy: 'limits.sourceGiB (copy: --max-gib)',
  },
  'too-large-for-one-stream': {
    title: 'The source is too large for one stream',
    names: ['TooLargeForOneStreamError'],
    meaning:
      'Without ranges, each part has to stay in memory until S3 has stored it, and S3 takes at most 10,000 parts. The memory in the settings is too small for a source of this size.',
    mend: 'use a source that supports ranges, or give more memory',
    allowedBy: 'ingest.memoryMiB, workers.memoryMiB',
  },
  'run-limit': {
    title: 'The limits of the run are used up',
    names: ['RunLimitError'],
    meaning: 'The sources of the run together have more bytes, or need more hours, than one run may use.',
    mend: 'run the remaining items again ("npx sluice retry RUN"), or raise the limit',
    allowedBy: 'limits.runGiB, limits.hours',
  },
  'run-deadline': {
    title: 'The deadline of the run has passed',
    names: ['RunDeadlineError'],
    meaning:
      'The input sets deadlineMinutes, and the item had not landed at the deadline. The item is missing, not failed.',
    mend: 'run the remaining items again ("npx sluice retry RUN"), or give the run more time',
    allowedBy: 'deadlineMinutes in the input',
  },
  'not-in-time': {
    title: 'One stream would not end before the deadline',
    names: ['NotInTimeError'],
    meaning:
      'A function has 15 minutes, and the one stream of the source needs longer. In a run, a worker lands the source instead.',
    mend: 'nothing, if a worker lands it; otherwise run the item again',
    mendWithoutRun: 'give the command more time, or use a run: its workers have hours for one stream',
  },
  'credential-refused': {
    title: 'The credentials for the source cannot be used',
    names: ['CredentialError'],
    meaning:
      'The secret or parameter that the source names cannot be read, has no such field, or may not be sent to this host.',
    mend: 'check the name, and grant the secret for that host (docs/input.md, docs/settings.md)',
    allowedBy: 'sources.credentials',
  },
  'token-refused': {
    title: 'The token endpoint did not return a token',
    names: ['TokenError', 'TokenUnavailableError'],
    meaning: 'The OAuth endpoint of the source refused the client, could not be reached, or answered without a token.',
    mend: 'check the client id, the secret and the scope with the owner of the endpoint',
  },
  'transfer-failed': {
    title: 'The item could not be landed',
    names: ['TransferError', 'PermanentTransferError', 'BeginAgainError'],
    meaning:
      'The transfer ended with an error that has no code of its own. The detail contains the name and the message of the error.',
    mend: 'read the log lines of the item ("npx sluice logs RUN ITEM"), and run it again ("npx sluice retry RUN")',
    mendWithoutRun: 'correct what the detail names, and run the same command again',
  },
} as const satisfies Record<string, Entry>;
