/** Set by the bundler, from package.json. */
declare const SLUICE_VERSION: string | undefined;

/** The version of Sluice that runs: in each log line, in the manifest and in the stack's outputs. Sources that no bundler has seen are `development`. */
export const VERSION = typeof SLUICE_VERSION === 'string' ? SLUICE_VERSION : 'development';
