import type { WeChatResponse } from '@wxthirdparty/wechat';
import { clockAheadMs } from '../../redis/redis-time.ts';
import type { BothLanguages } from '../../release-check/check-texts.ts';
import type { Check } from '../check.ts';
import { namedCheck } from '../check-titles.ts';
import type { DoctorContext } from '../doctor-context.ts';
import { type Fault, failing, NotJudged, text } from '../finding.ts';

const MAX_TO_REDIS_MS = 500;
const MAX_TO_WECHAT_MS = 30_000;
const ASK_TIMEOUT_MS = 4_000;

/** The clock of this host, compared with those of Redis and WeChat. */
export const clocks: Check = async (doctor) => {
  const [redisMs, wechatMs] = await Promise.all([
    doctor
      .redis()
      .then(clockAheadMs)
      .catch((error: unknown) => {
        if (error instanceof NotJudged) return undefined;
        throw error;
      }),
    aheadOfWeChatMs(doctor),
  ]);
  if (redisMs === undefined && wechatMs === undefined) {
    throw new NotJudged(
      text('Neither Redis nor WeChat answers with a time.', 'Redis 和微信都没有返回时间。'),
      text(
        `See ${namedCheck('redis').en} and ${namedCheck('egress').en}.`,
        `请先处理${namedCheck('redis').zh}和${namedCheck('egress').zh}。`,
      ),
    );
  }
  return {
    faults: judgeClocks(redisMs, wechatMs),
    found: [
      ...(redisMs === undefined ? [] : [`Redis ${signed(redisMs)} ms`]),
      ...(wechatMs === undefined ? [] : [`WeChat ${signed(wechatMs / 1_000)} s`]),
    ].join(', '),
  };
};

/** How far this host is ahead of each, in milliseconds; undefined: not known. */
export function judgeClocks(redisMs: number | undefined, wechatMs: number | undefined): Fault[] {
  const faults: Fault[] = [];
  if (redisMs !== undefined && Math.abs(redisMs) > MAX_TO_REDIS_MS) {
    faults.push(
      differs(
        'clock_redis',
        text(
          `The clock of this host is ${signed(redisMs)} ms from that of Redis: delayed work runs too early or too late here.`,
          `本机时钟与 Redis 相差 ${signed(redisMs)} 毫秒：延迟任务会过早或过晚执行。`,
        ),
      ),
    );
  }
  if (wechatMs !== undefined && Math.abs(wechatMs) > MAX_TO_WECHAT_MS) {
    const seconds = signed(Math.round(wechatMs / 1_000));
    faults.push(
      differs(
        'clock_wechat',
        text(
          `The clock of this host is ${seconds} s from that of WeChat: tickets, tokens and signatures seem to end too early or too late.`,
          `本机时钟与微信相差 ${seconds} 秒：票据、令牌和签名的有效期会判断错误。`,
        ),
      ),
    );
  }
  return faults;
}

function differs(code: string, cause: BothLanguages): Fault {
  return failing({
    code,
    cause,
    remedy: text('Synchronize the clocks of all hosts by NTP.', '请在所有主机上启用 NTP 时间同步。'),
    command: 'timedatectl set-ntp true',
  });
}

/** By the header `Date`, which has whole seconds. */
async function aheadOfWeChatMs({ transport, settings }: DoctorContext): Promise<number | undefined> {
  const base = settings.wechat.apiBases[0];
  if (base === undefined) return undefined;
  const sentAt = Date.now();
  let response: WeChatResponse;
  try {
    response = await transport.send({ method: 'GET', url: `${base}/`, timeoutMs: ASK_TIMEOUT_MS });
  } catch {
    // The check "egress" names why.
    return undefined;
  }
  const at = Date.parse(response.headers.date ?? '');
  if (Number.isNaN(at)) return undefined;
  const [earliest, latest] = [at, at + 999];
  // Between sending and answer, and within that second, nothing is known.
  if (sentAt > latest) return sentAt - latest;
  const receivedAt = Date.now();
  return receivedAt < earliest ? receivedAt - earliest : 0;
}

function signed(value: number): string {
  return `${value > 0 ? '+' : ''}${Number.isInteger(value) ? value : value.toFixed(1)}`;
}
