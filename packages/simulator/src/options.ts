/** How this WeChat behaves where the real one is free to; every field can be changed while it runs. */
export interface Options {
  /** api_authorizer_token answers a new refresh token and kills the old one (protocol §10 rule 22). */
  rotateRefreshToken: boolean;
  /** api_authorizer_token answers an empty refresh token. */
  emptyRefreshToken: boolean;
  /** Redirect and push of one consent carry two codes (rule 12). */
  differentRedirectCode: boolean;
  /** Raw control characters stand in nicknames and remarks (rule 40). */
  controlCharacters: boolean;
  /** Share of pushes delivered once more although they were accepted (rule 10). */
  duplicateRate: number;
  /** Share of pushes that are overtaken by the next one, and of tickets that come once more after a newer one (rule 10). */
  reorderRate: number;
  /** Share of pushes about a user that are followed by another event of the same user and second (rule 10). */
  sameSecondRate: number;
  /** Share of API calls answered −1 before side effects (rule 51). */
  systemErrorRate: number;
  /** Share of ticket pushes followed by a push of a kind nobody knows (rule 13). */
  unknownPushRate: number;
  /** Callers' addresses the component registered; null lets everybody in (rule 28). */
  ipList: string[] | null;
  /** message/custom/send obeys the reply windows of protocol §4.4. */
  replyWindows: boolean;
  /** Template and mass messages are followed by an event that tells how they ended (rule 37). */
  jobEvents: boolean;
  /** Share of these events that arrive before the answer to the call. */
  earlyJobEventRate: number;
  /** Deliveries of one push in all (rule 7). */
  deliveries: number;
  /** Real milliseconds between two deliveries of one push. */
  redeliveryMs: number;
  /** `success` may have whitespace around it (rule 3). */
  tolerateWhitespace: boolean;
  /** The consent page wants to be opened from a page, as the real one does (protocol §3.4). */
  requireReferer: boolean;
  /** Failed ticket pushes in a row that stop the ticket service (rule 2). */
  ticketFailuresToStop: number;
}

export function defaultOptions(): Options {
  return {
    rotateRefreshToken: false,
    emptyRefreshToken: false,
    differentRedirectCode: false,
    controlCharacters: false,
    duplicateRate: 0,
    reorderRate: 0,
    sameSecondRate: 0,
    systemErrorRate: 0,
    unknownPushRate: 0,
    ipList: null,
    replyWindows: false,
    jobEvents: true,
    earlyJobEventRate: 0.1,
    deliveries: 3,
    redeliveryMs: 200,
    tolerateWhitespace: false,
    requireReferer: false,
    ticketFailuresToStop: 18,
  };
}
