/** The behaviour of this WeChat where that of the real one varies; every field can be changed at run time. */
export interface Options {
  /** api_authorizer_token returns a new refresh token and revokes the old one (protocol §10 rule 22). */
  rotateRefreshToken: boolean;
  /** api_authorizer_token returns an empty refresh token. */
  emptyRefreshToken: boolean;
  /** Redirect and push of one consent carry different codes (rule 12). */
  differentRedirectCode: boolean;
  /** Nicknames and remarks contain raw control characters (rule 40). */
  controlCharacters: boolean;
  /** Share of accepted pushes that are delivered once more (rule 10). */
  duplicateRate: number;
  /** Share of pushes that the next one overtakes, and of tickets that are repeated after a newer one (rule 10). */
  reorderRate: number;
  /** Share of pushes about a user that are followed by another event of the same user and second (rule 10). */
  sameSecondRate: number;
  /** Share of API calls answered −1 before side effects (rule 51). */
  systemErrorRate: number;
  /** Share of ticket pushes followed by a push of an unknown kind (rule 13). */
  unknownPushRate: number;
  /** The registered addresses of the component; null permits every caller (rule 28). */
  ipList: string[] | null;
  /** message/custom/send obeys the reply windows of protocol §4.4. */
  replyWindows: boolean;
  /** Texts with one of these are risky for msg_sec_check (protocol §5.9). */
  riskyWords: string[];
  /** How many codes getwxacode and createwxaqrcode create together (protocol §5.9). */
  maxLimitedCodes: number;
  /** Template, subscription and mass messages are followed by an event with their result (rule 37). */
  jobEvents: boolean;
  /** Share of these events that arrive before the answer to the call. */
  earlyJobEventRate: number;
  /** The maximum number of deliveries of one push (rule 7). */
  deliveries: number;
  /** Real milliseconds between two deliveries of one push. */
  redeliveryMs: number;
  /** `success` may have whitespace around it (rule 3). */
  tolerateWhitespace: boolean;
  /** The consent page requires a Referer, like the real one (protocol §3.4). */
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
    riskyWords: ['违规内容', 'risky content'],
    maxLimitedCodes: 100_000,
    jobEvents: true,
    earlyJobEventRate: 0.1,
    deliveries: 3,
    redeliveryMs: 200,
    tolerateWhitespace: false,
    requireReferer: false,
    ticketFailuresToStop: 18,
  };
}
