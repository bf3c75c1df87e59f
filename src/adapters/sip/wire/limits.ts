/** Bounds on what one message may hold. A legitimate IPBX stays far below all of them; beyond, the message is refused as a whole. */
export const LIMITS = {
  /** The largest UDP datagram, and what we accept on a stream: INVITEs with SDP are 1 to 4 KiB. */
  messageBytes: 65_536,
  headers: 200,
  /** Items of all the header fields of one name, commas counted: Max-Forwards starts at 70, so no honest Via list is longer. */
  listItems: 100,
  parameters: 64,
  /** Body parts of a multipart body. */
  bodyParts: 16,
  /** Requests of ours waiting for an answer. */
  pendingRequests: 20_000,
  /** Last responses kept for 64 × T1: 300 calls/s of two legs make about 1,500 a second, 48,000 in 32 s. */
  answered: 100_000,
  /** Connections of one listening stream transport, and messages that wait for one to open. */
  connections: 200,
  queuedMessages: 1_000,
  /** Bytes not yet taken by the far end of a connection. */
  queuedBytes: 4_194_304,
  resolvedNames: 256,
} as const;
