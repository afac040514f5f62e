import { ActivityStore, type PushRefusal } from '../../component/activity-store.ts';
import { PushArrivals, type PushRefusalReason } from '../../component/push-arrivals.ts';
import { readTicketView } from '../../component/ticket.ts';
import type { RedisClient } from '../../redis/connect.ts';
import type { BothLanguages } from '../../release-check/check-texts.ts';
import { eventUrlOf } from '../../release-check/rehearsal-push.ts';
import type { Check } from '../check.ts';
import { type Fault, failing, text, warning } from '../finding.ts';

const MINUTE_MS = 60_000;
/** Two pushes are missing and a third one is overdue (protocol §1.4: one every ten minutes). */
const MAX_AGE_MS = 25 * MINUTE_MS;

/** Whether WeChat's tickets arrive, and if not, what was answered instead. */
export const ticket: Check = async (doctor) => {
  const { components } = doctor;
  const redis = await doctor.redis();
  const { publicUrl = 'PUBLIC_URL' } = doctor.settings;
  const each = await Promise.all(components.map(({ appid }) => readArrivals(redis, appid)));
  return {
    faults: each.flatMap((one) => judgeArrivals(one, eventUrlOf(publicUrl, one.appid))),
    found: each
      .map(({ appid, receivedAgoMs }) => `${appid} ${receivedAgoMs === undefined ? '–' : minutes(receivedAgoMs)}`)
      .join(', '),
  };
};

export interface Arrivals {
  readonly appid: string;
  /** Undefined: no ticket is held. */
  readonly receivedAgoMs: number | undefined;
  readonly isExpired: boolean;
  readonly lastPushAgoMs: number | undefined;
  /** Since a push was last accepted. */
  readonly refused: readonly { readonly reason: PushRefusalReason; readonly count: number }[];
  readonly lastRefusal: Pick<PushRefusal, 'status' | 'reason'> | null;
}

async function readArrivals(redis: RedisClient, appid: string): Promise<Arrivals> {
  const [view, { lastPushAt, refused }, { lastRefusal }] = await Promise.all([
    readTicketView(redis, appid),
    new PushArrivals(redis).read(appid),
    new ActivityStore(redis).read(appid),
  ]);
  const now = Date.now();
  return {
    appid,
    receivedAgoMs: view === undefined ? undefined : now - view.receivedAt.getTime(),
    isExpired: view !== undefined && view.expiresAt.getTime() <= now,
    lastPushAgoMs: lastPushAt === null ? undefined : now - lastPushAt.getTime(),
    refused,
    lastRefusal,
  };
}

export function judgeArrivals(arrivals: Arrivals, eventUrl: string): Fault[] {
  const { appid, receivedAgoMs, isExpired, refused, lastRefusal, lastPushAgoMs } = arrivals;
  const isMissing = receivedAgoMs === undefined || isExpired || receivedAgoMs > MAX_AGE_MS;
  // The most certain reason comes first.
  const [gravest] = refused;
  if (gravest !== undefined) {
    const { reason, count } = gravest;
    // Anyone can send the other two.
    const isCertain = reason === 'decryption' || reason === 'appid';
    const state = isMissing
      ? text('No ticket is held that is younger than 25 minutes.', '25 分钟内没有收到票据。')
      : text('The ticket that is held ends in some hours.', '目前的票据几小时后会过期。');
    return [
      (isMissing || isCertain ? failing : warning)({
        code: `pushes_refused_${reason}`,
        cause: text(
          `${count} pushes to ${appid} were refused since one was last accepted: ${REFUSED[reason].cause.en} ${state.en}`,
          `自上次成功接收以来，发给 ${appid} 的 ${count} 条推送被拒绝：${REFUSED[reason].cause.zh}${state.zh}`,
        ),
        remedy: REFUSED[reason].remedy,
      }),
    ];
  }
  if (!isMissing) return [];
  const cause =
    receivedAgoMs === undefined
      ? text(`${appid} has no ticket.`, `${appid} 没有票据。`)
      : text(
          `The last ticket of ${appid} arrived ${minutes(receivedAgoMs)} ago; WeChat pushes one every 10 minutes.`,
          `${appid} 的上一个票据是 ${minutes(receivedAgoMs)} 前收到的；微信每 10 分钟推送一次。`,
        );
  const push =
    lastPushAgoMs === undefined
      ? text('No push was accepted in the last 7 days.', '最近 7 天没有成功接收的推送。')
      : text(
          `The last push was accepted ${minutes(lastPushAgoMs)} ago.`,
          `上一条成功接收的推送在 ${minutes(lastPushAgoMs)} 前。`,
        );
  const answer =
    lastRefusal === null
      ? text('', '')
      : text(
          ` The last refused one was answered ${lastRefusal.status} (${lastRefusal.reason}).`,
          `最近一次被拒绝的推送返回了 ${lastRefusal.status}（${lastRefusal.reason}）。`,
        );
  return [
    failing({
      code: receivedAgoMs === undefined ? 'no_ticket' : isExpired ? 'ticket_expired' : 'ticket_late',
      cause: text(`${cause.en} ${push.en}${answer.en}`, `${cause.zh}${push.zh}${answer.zh}`),
      remedy: text(
        `Enter ${eventUrl} as 授权事件接收URL at the Open Platform, with the same Token and EncodingAESKey, and let the proxy pass it on. After 25 minutes without a ticket this system asks WeChat itself to push again (api_start_push_ticket).`,
        `请在开放平台把授权事件接收URL 设为 ${eventUrl}，Token 和消息加解密 Key 与此处一致，并确认代理会转发。25 分钟没有票据时，本系统会自动请求微信重新推送（api_start_push_ticket）。`,
      ),
    }),
  ];
}

const REFUSED: Readonly<Record<PushRefusalReason, { readonly cause: BothLanguages; readonly remedy: BothLanguages }>> =
  {
    decryption: {
      cause: text(
        'the signatures match, but the EncodingAESKey is not the one at the Open Platform.',
        '签名正确，但 EncodingAESKey 与开放平台的不同，无法解密。',
      ),
      remedy: text(
        'Set WX_ENCODING_AES_KEY (in WX_COMPONENTS_FILE: encodingAesKey) to the 消息加解密Key of this component, and restart; while it is being changed, keep the former one in WX_PREVIOUS_ENCODING_AES_KEY.',
        '请把 WX_ENCODING_AES_KEY（或 WX_COMPONENTS_FILE 中的 encodingAesKey）设为开放平台的消息加解密Key 并重启；更换期间把旧值保留在 WX_PREVIOUS_ENCODING_AES_KEY。',
      ),
    },
    appid: {
      cause: text('they are for another component.', '它们属于另一个第三方平台。'),
      remedy: text(
        'Set WX_COMPONENT_APPID (in WX_COMPONENTS_FILE: appid) to the component whose Token and key these are, and use its appid in the push URLs.',
        '请把 WX_COMPONENT_APPID（或 WX_COMPONENTS_FILE 中的 appid）设为该 Token 和密钥所属的第三方平台，并在推送地址中使用它的 appid。',
      ),
    },
    signature: {
      cause: text(
        'the signatures do not match the Token. (Forged requests count here, too.)',
        '签名与 Token 不符。（伪造的请求也计入此处。）',
      ),
      remedy: text(
        'Set WX_TOKEN (in WX_COMPONENTS_FILE: token) to the 消息校验Token of this component, and restart; while it is being changed, keep the former one in WX_PREVIOUS_TOKEN.',
        '请把 WX_TOKEN（或 WX_COMPONENTS_FILE 中的 token）设为开放平台的消息校验Token 并重启；更换期间把旧值保留在 WX_PREVIOUS_TOKEN。',
      ),
    },
    envelope: {
      cause: text(
        'their bodies are no encrypted pushes. (Forged requests count here, too.)',
        '请求体不是加密的推送。（伪造的请求也计入此处。）',
      ),
      remedy: text('Let the proxy before the gateway pass bodies on unchanged.', '请让网关前的代理原样转发请求体。'),
    },
  };

function minutes(ms: number): string {
  return `${Math.round(ms / MINUTE_MS)} min`;
}
