/** Who ended a connection, in the order of protocol/src/close.rs. */
export const CAUSES = [
  "caller", "server", "network", "refused", "connect-timeout", "close-timeout", "keep-alive", "provider", "overflow",
  "provider-timeout", "paused",
];
