import { Webhook } from 'standardwebhooks';

export const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
export const OTHER_SECRET = `whsec_${Buffer.from('another secret of thirty-two byt').toString('base64')}`;

interface Signed {
  readonly headers: Record<string, string>;
  readonly body: string;
}

interface SigningOptions {
  readonly secrets?: readonly string[];
  readonly at?: Date;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A delivery as the gateway sends it, signed by a Standard Webhooks library. */
export function signed(
  body: string,
  { secrets = [SECRET], at = new Date(), headers = {} }: SigningOptions = {},
): Signed {
  const id = '1lglnp7f58elovunc37204hdd3';
  return {
    headers: {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': secrets.map((secret) => new Webhook(secret).sign(id, at, body)).join(' '),
      'wx-attempt': '1',
      ...headers,
    },
    body,
  };
}

/** The body of a delivery of a user's text. */
export function textPush(content: string): string {
  return pushOf('message.text', { msgType: 'text', fields: { MsgType: 'text', Content: content } });
}

export function pushOf(type: string, data: object): string {
  return JSON.stringify({
    type,
    timestamp: '2026-11-28T14:03:19.600Z',
    data: {
      id: '1lglnp7f58elovunc37204hdd3',
      seq: '1795874599600000',
      component: 'wxcomponent',
      appid: 'wxaccount',
      handle: 'shop-17',
      userName: 'gh_1',
      openid: 'oPerson',
      event: null,
      eventKey: null,
      msgId: '24345678901234567',
      createTime: '2026-11-28T14:03:19.000Z',
      ...data,
    },
  });
}
