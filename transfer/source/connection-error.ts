import { SourceConnectionError, SourceFaultError, TransferError } from '../errors.ts';

const CERTIFICATE = /CERT|^UNABLE_TO_|^INVALID_(?:CA|PURPOSE)$|^HOSTNAME_MISMATCH$|^PATH_LENGTH_EXCEEDED$/;
const NO_TLS =
  /^ERR_SSL_(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|UNSUPPORTED_PROTOCOL|TLSV1_ALERT_PROTOCOL_VERSION)$/;

/**
 * Returns what a failed connection means for the transfer: a fault, which may be temporary, or a SourceConnectionError,
 * against which another try does not help. Errors of the engine are returned unchanged.
 */
export function connectionError(url: URL, error: unknown): TransferError {
  if (error instanceof TransferError) return error;
  const { message, code = '' } = error as { message: string; code?: string };
  const final = (what: string) => new SourceConnectionError(`${what}: ${message}`, { cause: error });
  if (code === 'ENOTFOUND') return final(`the host ${url.hostname} is not known`);
  if (code === 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL') {
    return final(`${url.origin} speaks HTTP/2 only, but Sluice reads sources by HTTP/1.1`);
  }
  if (NO_TLS.test(code)) return final(`${url.origin} supports no version of TLS that Sluice knows`);
  if (CERTIFICATE.test(code)) return final(`the certificate of ${url.host} is not accepted (${code})`);
  return new SourceFaultError(`the connection to ${url.origin} failed: ${message}${code ? ` (${code})` : ''}`, {
    cause: error,
  });
}
