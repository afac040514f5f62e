import { type AlarmChannel, type ChannelKind, channelKinds } from './channel.ts';

/** The hosts of the robots. Any other host is a webhook of the operator's own. */
const KINDS_BY_HOST: Readonly<Record<string, ChannelKind>> = {
  'qyapi.weixin.qq.com': 'wecom',
  'oapi.dingtalk.com': 'dingtalk',
  'open.feishu.cn': 'feishu',
  'open.larksuite.com': 'feishu',
};

const MAX_CHANNELS = 20;
/** As of the secrets of subscriptions. */
const MIN_SECRET_BYTES = 16;

export type AlarmWebhooks =
  | { readonly channels: readonly AlarmChannel[] }
  /** Each continues a sentence that begins with the name of the setting. None holds a URL or a secret. */
  | { readonly faults: readonly string[] };

/** Reads ALARM_WEBHOOKS: URLs separated by commas or line breaks, the secret as fragment, the kind by host or as prefix (`wecom+https://…`). */
export function readAlarmWebhooks(text: string): AlarmWebhooks {
  const entries = text.split(/[,\n]/).map((entry) => entry.trim());
  if (entries.length > MAX_CHANNELS) return { faults: [`must list at most ${MAX_CHANNELS} webhooks`] };
  const channels: AlarmChannel[] = [];
  const faults: string[] = [];
  entries.forEach((entry, i) => {
    const read = readEntry(entry);
    if ('fault' in read) {
      faults.push(`must list webhooks, separated by commas; number ${i + 1}${hostNote(read.host)} ${read.fault}`);
      return;
    }
    const number = channels.filter(({ kind }) => kind === read.kind).length + 1;
    channels.push({ id: `${read.kind}-${number}`, ...read });
  });
  return faults.length > 0 ? { faults } : { channels };
}

type ReadEntry = Omit<AlarmChannel, 'id'> | { readonly host?: string; readonly fault: string };

function readEntry(entry: string): ReadEntry {
  const [, prefix, rest = ''] = /^(?:([a-z]+)\+)?(.*)$/s.exec(entry) ?? [];
  if (prefix !== undefined && !isKind(prefix)) {
    return { fault: `has an unknown prefix; the known ones are ${channelKinds.map((kind) => `${kind}+`).join(', ')}` };
  }
  const url = URL.parse(rest);
  if (url === null || !/^https?:$/.test(url.protocol) || url.hostname === '')
    return { fault: 'is no http or https URL' };
  const { host, hostname } = url;
  if (url.username !== '' || url.password !== '') return { host, fault: 'must not have a user or a password' };
  const kind = prefix ?? KINDS_BY_HOST[hostname] ?? 'generic';
  const isForced = prefix !== undefined;
  if (!isForced && kind !== 'generic' && url.protocol !== 'https:') return { host, fault: 'must be an https URL' };
  let secret: string | undefined;
  try {
    secret = url.hash === '' ? undefined : decodeURIComponent(url.hash.slice(1));
  } catch {
    return { host, fault: 'has a secret that is not percent-encoded correctly' };
  }
  const fault = FAULTS[kind]({ url, secret, isForced });
  if (fault !== undefined) return { host, fault };
  url.hash = '';
  return { kind, host, url: url.href, secret, isForced };
}

interface Given {
  readonly url: URL;
  readonly secret: string | undefined;
  readonly isForced: boolean;
}

/** What a URL of each kind lacks. */
const FAULTS: Readonly<Record<ChannelKind, (given: Given) => string | undefined>> = {
  wecom({ url, secret }) {
    if (!url.searchParams.get('key')) return 'lacks key=… of the robot';
    return secret === undefined
      ? undefined
      : 'has a secret, but 企业微信 robots have none; remove the # and what follows it';
  },
  dingtalk: ({ url }) => (url.searchParams.get('access_token') ? undefined : 'lacks access_token=… of the robot'),
  feishu: ({ url, isForced }) =>
    isForced || /^\/open-apis\/bot\/v2\/hook\/[^/]+$/.test(url.pathname)
      ? undefined
      : 'must have the path /open-apis/bot/v2/hook/ID',
  generic: ({ secret }) =>
    secret !== undefined && isWebhookSecret(secret)
      ? undefined
      : 'needs its secret at the end of the URL: "#whsec_" and at least 16 bytes in base64',
};

function isKind(text: string): text is ChannelKind {
  return (channelKinds as readonly string[]).includes(text);
}

function isWebhookSecret(secret: string): boolean {
  const [, base64] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret) ?? [];
  return base64 !== undefined && Buffer.from(base64, 'base64').length >= MIN_SECRET_BYTES;
}

function hostNote(host: string | undefined): string {
  return host === undefined ? '' : ` (${host})`;
}
