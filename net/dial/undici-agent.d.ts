/** The package has no door to this alone. It is a third of the whole, which brings fetch, WebSocket and mocks along. */
declare module 'undici/lib/dispatcher/agent.js' {
  import { Agent } from 'undici';
  export default Agent;
}
