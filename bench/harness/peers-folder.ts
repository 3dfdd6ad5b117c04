import { fileURLToPath } from 'node:url';

/** Where install-peers.sh puts the tools to compare with. */
export const PEERS_FOLDER = fileURLToPath(new URL('../../.sluice/bench', import.meta.url));
