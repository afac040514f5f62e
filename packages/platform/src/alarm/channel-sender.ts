import type { Explanation } from '@wxthirdparty/wechat';
import type { OutboundFailureCode, OutboundResult } from '../webhook/outbound-request.ts';
import { OutboundSender } from '../webhook/outbound-sender.ts';
import type { AlarmNotice } from './alarm.ts';
import type { AlarmChannel } from './channel.ts';
import { channelFormats } from './channel-formats.ts';
import { cutUtf8 } from './cut-utf8.ts';

const TIMEOUT_MS = 5_000;
const MAX_ANSWER_BYTES = 16 * 1024;
const MAX_SHOWN_ANSWER_BYTES = 500;

/** What became of one message. */
export interface ChannelResult {
  /** How many of the notices, from the first, it has. */
  readonly taken: number;
  /** The channel accepted it. */
  readonly sent: boolean;
  /** Of HTTP; null: no answer. */
  readonly status: number | null;
  /** The beginning of the receiver's answer, or why there is none. It holds no part of the URL or of the secret. */
  readonly answer: string;
  readonly ms: number;
  /** What the operator must do; null: it was sent. */
  readonly remedy: Explanation | null;
  /** The channel refuses every message for so long. */
  readonly retryAfterMs?: number | undefined;
}

/** Sends messages to channels. */
export class ChannelSender {
  readonly #outbound: OutboundSender;
  readonly #relays: OutboundSender;
  readonly #name: string;

  /**
   * `name`: of the deployment, in every message. A relay, whose kind is given with its URL, may have any address: only
   * the operator can set it, and it is none that the business may reach.
   */
  constructor({ name, deliveryNets }: { readonly name: string; readonly deliveryNets: readonly string[] }) {
    this.#name = name;
    this.#outbound = new OutboundSender({ deliveryNets });
    this.#relays = new OutboundSender({ deliveryNets: ['0.0.0.0/0', '::/0'] });
  }

  /** The next message; `notices` has at least one. */
  async send(channel: AlarmChannel, notices: readonly AlarmNotice[], signal: AbortSignal): Promise<ChannelResult> {
    const { pack, readAnswer } = channelFormats[channel.kind];
    const { url, headers, body, taken } = pack(channel, notices, this.#name, new Date());
    const sender = channel.isForced && channel.kind !== 'generic' ? this.#relays : this.#outbound;
    const result = await sender.send({
      ...{ url, headers, body, signal },
      timeoutMs: TIMEOUT_MS,
      maxAnswerBytes: MAX_ANSWER_BYTES,
    });
    if (result.kind !== 'answered') return { taken, ...withoutAnswer(result) };
    const text = result.body.toString('utf8');
    const refusal = readAnswer({ status: result.status, text, json: jsonOf(text) });
    return {
      taken,
      sent: refusal === undefined,
      status: result.status,
      answer: cutUtf8(withoutSecrets(text, channel), MAX_SHOWN_ANSWER_BYTES),
      ms: result.ms,
      remedy: refusal?.remedy ?? null,
      retryAfterMs: refusal?.retryAfterMs,
    };
  }

  async close(): Promise<void> {
    await Promise.all([this.#outbound.close(), this.#relays.close()]);
  }
}

function withoutAnswer(
  result: Exclude<OutboundResult, { readonly kind: 'answered' }>,
): Omit<ChannelResult, 'taken' | 'retryAfterMs'> {
  const code = result.kind === 'aborted' ? 'timeout' : result.code;
  const ms = result.kind === 'aborted' ? 0 : result.ms;
  return { sent: false, status: null, answer: code, ms, remedy: REMEDIES[code] };
}

const REMEDIES: Readonly<Record<OutboundFailureCode, Explanation>> = {
  no_connection: {
    zh: '无法连接：检查 ALARM_WEBHOOKS 中的主机，以及本机的出网防火墙。',
    en: 'There is no connection: check the host in ALARM_WEBHOOKS, and the outbound firewall of this host.',
  },
  bad_certificate: {
    zh: '对方证书无效：检查证书、主机名与本机时间。',
    en: 'The certificate is not valid: check it, the name of the host and the clock.',
  },
  timeout: {
    zh: '5 秒内没有应答：检查对方服务与网络。',
    en: 'There was no answer in 5 s: check the receiver and the network.',
  },
  address_not_allowed: {
    zh: '地址是内网地址或不是 https：把该网段列入 DELIVERY_NETS；机器人经中转时在地址前加 wecom+、dingtalk+ 或 feishu+。',
    en: 'The address is private or not https: list its network in DELIVERY_NETS; for a relay of a robot, begin the URL with wecom+, dingtalk+ or feishu+.',
  },
  address_unresolved: {
    zh: '主机名无法解析：检查 ALARM_WEBHOOKS 与 DNS。',
    en: 'The name of the host has no address: check ALARM_WEBHOOKS and the DNS.',
  },
};

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A receiver may repeat what it was sent. */
function withoutSecrets(text: string, { url, secret }: AlarmChannel): string {
  const { searchParams, pathname } = new URL(url);
  const secrets = [secret, ...searchParams.values(), ...pathname.split('/')];
  return secrets
    .filter((value): value is string => value !== undefined && value.length >= 8)
    .reduce((shown, value) => shown.replaceAll(value, '***'), text);
}
