import { randomBytes } from 'node:crypto';
import { cdata } from '@wxthirdparty/wechat';
import type { OpenedPush } from '../journal/opened-push.ts';
import { isFromWeChat } from '../journal/push-data.ts';
import { pushIdOf } from '../journal/push-id.ts';
import { type DocumentedPushType, pushTypes } from '../journal/push-types.ts';

/** An account of a test; `userName` null: it is not known. */
export interface TestAccount {
  readonly component: string;
  readonly appid: string;
  readonly handle: string | null;
  readonly userName: string | null;
}

export function inventedAccount(component: string): TestAccount {
  return { component, appid: 'wx0000000000000000', handle: null, userName: null };
}

/** A push of this type that was never sent: its ids are of no user and no message. */
export function inventedPush(type: DocumentedPushType, account: TestAccount, at: Date): OpenedPush {
  const { component, appid, handle } = account;
  const seconds = Math.floor(at.getTime() / 1_000);
  const identity = randomBytes(10).toString('hex').slice(0, 19);
  const isOfComponent = type.startsWith('component.') || type === 'subscription.paused';
  return {
    id: pushIdOf(seconds, identity),
    seq: at.getTime() * 1_000,
    component,
    appid: isOfComponent ? null : appid,
    handle: isOfComponent ? null : handle,
    type,
    createTime: new Date(seconds * 1_000),
    receivedAt: at,
    payload: Buffer.from(payloadOf(type, account, at)),
  };
}

function payloadOf(type: DocumentedPushType, account: TestAccount, at: Date): string {
  if (isFromWeChat(type)) return xmlOf(type, account, at);
  if (type === 'unreadable') return '<xml><MsgType>text</MsgType><MsgType>event</MsgType></xml>';
  return JSON.stringify(noticeOf(type, account, at));
}

/** Field by field as WeChat writes them (protocol §1.5). */
function xmlOf(type: DocumentedPushType, { appid, userName }: TestAccount, at: Date): string {
  const [kind, name] = type.split('.') as [string, string];
  const seconds = Math.floor(at.getTime() / 1_000);
  const named =
    kind === 'event' ? [['MsgType', 'event'] as const, ['Event', name] as const] : [['MsgType', name] as const];
  const fields = pushTypes[type].fields
    // Only of a message that was sent from an article.
    .filter((field) => field !== 'MsgDataId' && field !== 'Idx')
    .map((field) => [field, contentOf(field, appid, at)] as const);
  const texts = [
    ['ToUserName', userName ?? 'gh_000000000000'],
    ['FromUserName', 'oTestOfNoUser0000000000000000'],
    ...named,
  ];
  return [
    '<xml>',
    ...texts.slice(0, 2).map(([field, text]) => elementOf(field!, cdata(text!))),
    elementOf('CreateTime', String(seconds)),
    ...texts.slice(2).map(([field, text]) => elementOf(field!, cdata(text!))),
    ...fields.map(([field, text]) => elementOf(field, text)),
    '</xml>',
  ].join('\n');
}

function elementOf(name: string, content: string): string {
  return `<${name}>${content}</${name}>`;
}

/** Numbers as such; everything else as a text that says what it is. */
function contentOf(field: string, appid: string, at: Date): string {
  const value = VALUES[field];
  if (value !== undefined) return value;
  if (/Time$/.test(field)) return String(Math.floor(at.getTime() / 1_000));
  if (field === 'appid') return cdata(appid);
  return cdata(`test ${field}`);
}

const VALUES: Readonly<Record<string, string>> = {
  Content: cdata('这是一条测试消息 (a test)'),
  MsgId: '10000000000000000',
  MsgID: '1000000000',
  Location_X: '23.137466',
  Location_Y: '113.352425',
  Scale: '20',
  Latitude: '23.137466',
  Longitude: '113.352425',
  Precision: '119.385040',
  Format: cdata('amr'),
  Status: cdata('success'),
  EventKey: cdata('test'),
  Url: cdata('https://example.com/'),
  PicUrl: cdata('https://example.com/test.jpg'),
  TotalCount: '1',
  FilterCount: '1',
  SentCount: '1',
  ErrorCount: '0',
  ret: '3',
  first: '1',
  second: '2',
  version: '2',
  ScanCodeInfo: '<ScanType><![CDATA[qrcode]]></ScanType><ScanResult><![CDATA[test]]></ScanResult>',
  SendPicsInfo: '<Count>1</Count><PicList><item><PicMd5Sum><![CDATA[0]]></PicMd5Sum></item></PicList>',
  SendLocationInfo: '<Location_X>23</Location_X><Location_Y>113</Location_Y><Scale>15</Scale><Label>test</Label>',
  result: '<suggest><![CDATA[pass]]></suggest><label>100</label>',
};

function noticeOf(type: DocumentedPushType, { appid }: TestAccount, at: Date): Readonly<Record<string, unknown>> {
  switch (type) {
    case 'authorizer.authorized':
    case 'authorizer.updated':
      return { state: 'active', scopes: [1, 2, 3], linkId: null, grantVersion: 0 };
    case 'authorizer.unauthorized':
      return { state: 'revoked', scopes: [], linkId: null };
    case 'subscription.paused':
      return { subscription: 'sub_00000000000000000000', reason: 'gone', failingSince: null };
    case 'release_check.finished': {
      const times = { startedAt: at.toISOString(), finishedAt: at.toISOString() };
      return { releaseCheck: 'test', kind: 'rehearsal', state: 'passed', ...times, steps: [] };
    }
    default:
      return { fields: { InfoType: type.slice(type.indexOf('.') + 1), appid } };
  }
}
