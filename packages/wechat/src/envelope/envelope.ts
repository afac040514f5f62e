/** What travels: still sealed, safe to store. */
export interface Envelope {
  readonly timestamp: string;
  readonly nonce: string;
  readonly msgSignature: string;
  readonly encrypt: string;
}

/** An envelope as it arrived: `AppId` outside on the event URL, `ToUserName` on the message URL (dossier §1.2). */
export interface ReceivedEnvelope extends Envelope {
  readonly outer: 'AppId' | 'ToUserName' | undefined;
  readonly outerValue: string | undefined;
}
