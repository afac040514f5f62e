import { weChatSecretsOf } from './compose.ts';
import type { Addressee } from './outgoing.ts';
import { receiverUrl, withQuery } from './receiver-url.ts';
import { newNonce, plainQuery } from './wechat-post.ts';

/** The GET by which WeChat checks the URL of an ordinary account (protocol §1.6). */
export interface EchoRequest {
  readonly url: string;
  readonly echostr: string;
}

/** To the URL to which a push of this type goes. */
export function composeEcho(addressee: Addressee, type: string, appid: string | null, at: Date): EchoRequest {
  const echostr = newNonce();
  const { token } = weChatSecretsOf(addressee);
  return { url: withQuery(receiverUrl(addressee, type, appid), { ...plainQuery(token, at), echostr }), echostr };
}

/** Whether the answer is what WeChat expects: `echostr` and nothing else. */
export function isEchoed({ echostr }: EchoRequest, status: number, body: Buffer): boolean {
  return status >= 200 && status < 300 && body.toString('utf8') === echostr;
}
