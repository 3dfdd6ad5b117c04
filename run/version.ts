/** The bundler sets this from package.json. */
declare const SLUICE_VERSION: string | undefined;

/**
 * The version of the running Sluice. It is in each log line, in the manifest and in the stack's outputs. Unbundled
 * sources have the version `development`.
 */
export const VERSION = typeof SLUICE_VERSION === 'string' ? SLUICE_VERSION : 'development';
