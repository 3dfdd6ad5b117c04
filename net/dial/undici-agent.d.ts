/**
 * The package does not export this module alone. It is a third of the package, which also contains fetch, WebSocket and
 * mocks.
 */
declare module 'undici/lib/dispatcher/agent.js' {
  import { Agent } from 'undici';
  export default Agent;
}
