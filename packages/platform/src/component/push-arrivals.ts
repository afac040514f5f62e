import type { EnvelopeFailure, Remedy } from '@wxthirdparty/wechat';
import type { RedisClient } from '../redis/connect.ts';
import { defineScript } from '../redis/script.ts';
import { sendTogether } from '../redis/send-together.ts';

const LAST_PUSH_TTL_MS = 7 * 24 * 60 * 60_000;
const REFUSED_TTL_MS = 24 * 60 * 60_000;
const FLUSH_INTERVAL_MS = 1_000;

export type PushRefusalReason = 'signature' | 'decryption' | 'appid' | 'envelope';

/** Pushes that were refused since one was last accepted. */
export interface RefusedPushes {
  readonly reason: PushRefusalReason;
  readonly count: number;
  readonly since: Date;
  readonly lastAt: Date;
  readonly remedy: Remedy;
  /** What to set. */
  readonly message: string;
}

/** Why an envelope was refused, for operators; undefined for failures that no push causes. */
const REASONS_BY_CODE: Readonly<Record<EnvelopeFailure['wechatCode'], PushRefusalReason | undefined>> = {
  [-40001]: 'signature',
  [-40002]: 'envelope',
  [-40003]: undefined,
  [-40004]: undefined,
  [-40005]: 'appid',
  [-40006]: undefined,
  [-40007]: 'decryption',
  [-40008]: 'decryption',
  [-40009]: undefined,
  [-40010]: 'envelope',
  [-40011]: undefined,
};

/** Undefined: no push causes it. */
export function refusalReasonOf({ wechatCode }: EnvelopeFailure): PushRefusalReason | undefined {
  return REASONS_BY_CODE[wechatCode];
}

/** The most certain first: only WeChat, or a sender who knows the Token, can cause the first two. */
const MESSAGES: Readonly<Record<PushRefusalReason, string>> = {
  decryption:
    'The signatures match, but the pushes cannot be decrypted. Set WX_ENCODING_AES_KEY (in WX_COMPONENTS_FILE: ' +
    'encodingAesKey) to the 消息加解密Key of this component at the Open Platform, and ' +
    'WX_PREVIOUS_ENCODING_AES_KEY to the former one while it is being changed.',
  appid:
    'The pushes are decrypted, but they are for another component. Set WX_COMPONENT_APPID (in WX_COMPONENTS_FILE: appid) ' +
    'to the component whose Token and key these are, and use its appid in the push URLs at the Open Platform.',
  signature:
    'The signatures do not match. Set WX_TOKEN (in WX_COMPONENTS_FILE: token) to the 消息校验Token of this component at ' +
    'the Open Platform, and WX_PREVIOUS_TOKEN to the former one while it is being changed. Forged requests count here, too.',
  envelope:
    'The bodies are not encrypted pushes. If WeChat sent them, let the proxy before this gateway pass bodies on unchanged. ' +
    'Forged requests count here, too.',
};
const REASONS = Object.keys(MESSAGES) as PushRefusalReason[];

interface Counted {
  count: number;
  readonly since: number;
  lastAt: number;
}

/** Refusals from before a push was accepted, by any process, no longer matter. */
const addRefused = defineScript({
  keys: ['refused', 'lastPush'],
  args: ['reason', 'count', 'since', 'lastAt'],
  lua: `
if tonumber(redis.call('GET', lastPush) or '0') >= tonumber(lastAt) then return 0 end
redis.call('HINCRBY', refused, reason .. ':count', count)
redis.call('HSETNX', refused, reason .. ':since', since)
if tonumber(redis.call('HGET', refused, reason .. ':lastAt') or '0') < tonumber(lastAt) then
  redis.call('HSET', refused, reason .. ':lastAt', lastAt)
end
redis.call('PEXPIRE', refused, ${REFUSED_TTL_MS})
return 1`,
});

/**
 * When a component's pushes last arrived, and why others were refused: otherwise a wrong Token or EncodingAESKey would look
 * like silence. Only the status shows it; nothing depends on it. Refusals are counted in memory and written at most once a
 * second, because anyone can cause them.
 */
export class PushArrivals {
  readonly #redis: RedisClient;
  #counted = new Map<string, Map<PushRefusalReason, Counted>>();
  #timer: NodeJS.Timeout | undefined;

  constructor(redis: RedisClient) {
    this.#redis = redis;
  }

  accepted(component: string, at: Date): void {
    this.#counted.delete(component);
    const { keyspace } = this.#redis;
    void sendTogether(this.#redis, [
      ['set', keyspace.lastPush(component), at.getTime(), 'PX', LAST_PUSH_TTL_MS],
      ['del', keyspace.refusedPushes(component)],
    ]).catch(() => {});
  }

  /** `component` is one of this deployment's. */
  refused(component: string, failure: EnvelopeFailure, at = new Date()): void {
    const reason = refusalReasonOf(failure);
    if (reason === undefined) return;
    const ofComponent = this.#counted.get(component) ?? new Map<PushRefusalReason, Counted>();
    this.#counted.set(component, ofComponent);
    const counted = ofComponent.get(reason) ?? { count: 0, since: at.getTime(), lastAt: 0 };
    counted.count += 1;
    counted.lastAt = at.getTime();
    ofComponent.set(reason, counted);
    this.#timer ??= setTimeout(() => void this.flush(), FLUSH_INTERVAL_MS).unref();
  }

  /** Writes the counts. If Redis does not accept them they are lost, since only operators read them. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const counted = this.#counted;
    this.#counted = new Map();
    const { keyspace } = this.#redis;
    await Promise.all(
      [...counted].flatMap(([component, ofComponent]) =>
        [...ofComponent].map(([reason, { count, since, lastAt }]) =>
          addRefused
            .run(
              this.#redis,
              { refused: keyspace.refusedPushes(component), lastPush: keyspace.lastPush(component) },
              { reason, count, since, lastAt },
            )
            .catch(() => {}),
        ),
      ),
    );
  }

  async read(component: string): Promise<{ readonly lastPushAt: Date | null; readonly refused: RefusedPushes[] }> {
    const { keyspace } = this.#redis;
    const [lastPush, fields] = await Promise.all([
      this.#redis.get(keyspace.lastPush(component)),
      this.#redis.hgetall(keyspace.refusedPushes(component)),
    ]);
    const refused = REASONS.flatMap((reason): RefusedPushes[] => {
      const [count, since, lastAt] = ['count', 'since', 'lastAt'].map((name) =>
        Number(fields[`${reason}:${name}`] ?? 0),
      );
      if (!count) return [];
      const times = { since: new Date(since!), lastAt: new Date(lastAt!) };
      return [{ reason, count, ...times, remedy: 'operator', message: MESSAGES[reason] }];
    });
    return { lastPushAt: lastPush ? new Date(Number(lastPush)) : null, refused };
  }
}
