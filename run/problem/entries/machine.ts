import type { Entry } from '../entry.ts';

/** Problems of the machine or its network. */
export const MACHINE = {
  'no-such-file': {
    title: 'There is no such file',
    foreign: ['ENOENT', 'ENOTDIR'],
    meaning: 'A file or folder that a command names, or needs, does not exist.',
    mend: 'check the path',
    isUsage: true,
  },
  'is-a-folder': {
    title: 'The path is a folder, not a file',
    foreign: ['EISDIR'],
    meaning: 'A command needs a file.',
    mend: 'name a file in it',
    isUsage: true,
  },
  'file-permission': {
    title: 'The file may not be read or written',
    foreign: ['EACCES', 'EPERM'],
    meaning: 'The system does not let this user read or write the file.',
    mend: 'check its permissions and its owner',
    isUsage: true,
  },
  'disk-full': {
    title: 'The disk is full',
    foreign: ['ENOSPC', 'EDQUOT'],
    meaning: 'The disk, or the quota of this user, has no space left for the data.',
    mend: 'free disk space, then run the command again; TMPDIR moves temporary files to another disk, and workers.diskGiB gives a worker more space',
  },
  'read-only-disk': {
    title: 'The file system is read-only',
    foreign: ['EROFS'],
    meaning: 'Nothing can be written where the command wants to write.',
    mend: 'choose another folder (TMPDIR, XDG_STATE_HOME, --to)',
    isUsage: true,
  },
  'too-many-open-files': {
    title: 'Too many files are open',
    foreign: ['EMFILE', 'ENFILE'],
    meaning: 'The system limits the open files of a process.',
    mend: 'raise the limit (ulimit -n)',
  },
  'out-of-memory': {
    title: 'The machine has no memory left',
    foreign: ['ENOMEM', 'ERR_WORKER_OUT_OF_MEMORY'],
    meaning: 'The system refused to give more memory.',
    mend: 'end other programs, or use a larger machine',
  },
  'no-answer': {
    title: 'Nothing answers at the endpoint',
    foreign: ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'EHOSTUNREACH', 'ENETUNREACH'],
    meaning: 'No server accepts a connection at this address and port, or the server closes it.',
    mend: 'check the endpoint (AWS_ENDPOINT_URL, --endpoint), and whether the server runs',
  },
  'untrusted-certificate': {
    title: 'The certificate of the endpoint is not trusted',
    foreign: [
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      'SELF_SIGNED_CERT_IN_CHAIN',
      'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      'CERT_HAS_EXPIRED',
      'CERT_NOT_YET_VALID',
      'ERR_TLS_CERT_ALTNAME_INVALID',
    ],
    meaning:
      'The server of the endpoint has a certificate that no known authority has signed, that has expired, or that is for another host. Nothing was sent to it.',
    mend: 'check the endpoint; if the certificate is signed by an authority of your own, name a file with its certificate in NODE_EXTRA_CA_CERTS',
  },
  'unknown-host': {
    title: 'The name of the host is not known',
    foreign: ['ENOTFOUND', 'EAI_AGAIN'],
    meaning: 'DNS has no address for the host, or did not answer.',
    mend: 'check the region, the endpoint, and the connection to the Internet',
  },
  'connection-timeout': {
    title: 'The connection timed out',
    names: ['DialTimeoutError'],
    foreign: ['ETIMEDOUT', 'TimeoutError', 'UND_ERR_CONNECT_TIMEOUT'],
    meaning: 'The other side did not answer in time.',
    mend: 'check the network, and a proxy or firewall on the way',
  },
} as const satisfies Record<string, Entry>;
