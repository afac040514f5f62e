import { Failure } from '../failure.ts';

/** The numbers of WXBizMsgCrypt (protocol §2.3). They are local: WeChat never sends them. */
const meanings = {
  [-40001]: 'the signature does not match',
  [-40002]: 'the XML or the query cannot be read',
  [-40003]: 'the signature cannot be computed',
  [-40004]: 'the EncodingAESKey is not 43 letters and digits',
  [-40005]: 'the envelope is addressed to another component',
  [-40006]: 'the message cannot be encrypted',
  [-40007]: 'the message cannot be decrypted',
  [-40008]: 'the decrypted bytes are not a message',
  [-40009]: 'the cipher text cannot be encoded as base64',
  [-40010]: 'the cipher text is not base64',
  [-40011]: 'the reply XML cannot be built',
} as const;

export type EnvelopeCode = keyof typeof meanings;

/** Why an envelope was refused. The message never quotes the envelope, which may be hostile or secret. */
export class EnvelopeFailure extends Failure {
  override readonly name = 'EnvelopeFailure';
  /** −40001 … −40011. */
  readonly wechatCode: EnvelopeCode;

  constructor(wechatCode: EnvelopeCode, detail?: string) {
    // A bad key is a wrong setting; everything else is a request that is always refused.
    const remedy = wechatCode === -40004 ? 'operator' : 'fix-request';
    super(
      'envelope_refused',
      remedy,
      `${meanings[wechatCode]}${detail === undefined ? '' : `: ${detail}`} (${wechatCode})`,
    );
    this.wechatCode = wechatCode;
  }
}
