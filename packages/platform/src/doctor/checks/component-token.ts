import { type ComponentApi, ERRCODE, Failure, openComponentApi } from '@wxthirdparty/wechat';
import { tokenEffects } from '../../authorizer/token-effects.ts';
import { componentCarrier } from '../../component/component-carrier.ts';
import { componentOwner } from '../../component/component-owner.ts';
import { componentTokenKind } from '../../component/component-token.ts';
import type { Component } from '../../component/components.ts';
import { readTicket } from '../../component/ticket.ts';
import { Ledger } from '../../quota/ledger.ts';
import type { RedisClient } from '../../redis/connect.ts';
import { openLeases } from '../../redis/lease.ts';
import { toLocalDate } from '../../redis/redis-time.ts';
import { HostGate } from '../../token/host-gate.ts';
import { refresh } from '../../token/refresh.ts';
import { refusedAddressOf } from '../../token/refused-addresses.ts';
import type { Token } from '../../token/token.ts';
import type { TokenSource } from '../../token/token-kind.ts';
import { type TokenRecord, TokenStore } from '../../token/token-store.ts';
import type { Check } from '../check.ts';
import { namedCheck } from '../check-titles.ts';
import type { DoctorContext } from '../doctor-context.ts';
import { type Fault, failing, quoted, text } from '../finding.ts';

/** Less than the time of a check. */
const READ_TIMEOUT_MS = 4_000;
/** A token that WeChat issues must be stored, also if this check has no result by then. */
const FETCH_TIMEOUT_MS = 12_000;

/**
 * Whether WeChat accepts this host with the component's token. While a token is trusted, one entry of WeChat's list of accounts is
 * read with it; otherwise one is fetched under the lease, as every process does.
 */
export const componentToken: Check = async (doctor) => {
  const { components } = doctor;
  const redis = await doctor.ownRedis();
  const faults = await Promise.all(components.map((component) => examine(doctor, redis, component)));
  const accepted = components.filter((_, i) => faults[i]!.length === 0).map(({ appid }) => appid);
  return { faults: faults.flat(), found: accepted.length > 0 ? `WeChat accepts ${accepted.join(', ')}` : null };
};

async function examine(doctor: DoctorContext, redis: RedisClient, { appid }: Component): Promise<Fault[]> {
  const { settings, seals, events, transport } = doctor;
  const apiBase = settings.wechat.apiBases[0];
  if (apiBase === undefined) return [];
  const ledger = new Ledger(redis, events);
  const owner = componentOwner(appid);
  const store = new TokenStore(redis, seals, tokenEffects);
  const apiWith =
    (timeoutMs: number) =>
    (tokens: TokenSource): ComponentApi =>
      openComponentApi({ transport, apiBase, timeoutMs, carrier: componentCarrier({ tokens, ledger, events }) });
  const record = await store.read(owner);
  const token = trustedIn(record, appid);
  try {
    if (token) {
      await apiWith(READ_TIMEOUT_MS)(only(token)).getAuthorizerList({ appid, offset: 0, count: 1 });
      return [];
    }
    // The recorded failure may have been repaired since.
    if (record.retryAt > record.now) await store.forgive(owner);
    const tickets = { current: (component: string) => readTicket(redis, seals, component) };
    const kind = componentTokenKind(doctor.componentTable, tickets, apiWith(FETCH_TIMEOUT_MS));
    const parts = { leases: openLeases(redis), store, gate: new HostGate(redis), tokens: noToken };
    const refreshed = await refresh(owner, kind, parts);
    if ('failure' in refreshed) return [judgeFailure(appid, refreshed.failure)];
    return [];
  } catch (error) {
    if (error instanceof Failure) return [judgeFailure(appid, error)];
    throw error;
  }
}

function trustedIn(record: TokenRecord, appid: string): Token | undefined {
  if (record.value === undefined || record.trustedUntil <= record.now) return undefined;
  const trustedUntil = toLocalDate(record.trustedUntil, record.now);
  return { owner: componentOwner(appid), value: record.value, version: record.version, trustedUntil };
}

/** What WeChat answers changes nothing. */
function only(token: Token): TokenSource {
  return { ensure: async () => token, accepted: () => {}, distrust: async () => 'kept' };
}

/** A component token is fetched with the secret alone. */
const noToken: TokenSource = {
  ensure: () => Promise.reject(new Error('a component token needs no other token')),
  accepted: () => {},
  distrust: async () => 'kept',
};

/** 61005 and 61006: the ticket has ended, or is none. */
const TICKET_REFUSED: readonly (number | undefined)[] = [61_005, 61_006];
const SECRET_REFUSED: readonly (number | undefined)[] = [ERRCODE.secretInvalid, ERRCODE.secretMissing];

export function judgeFailure(appid: string, failure: Failure): Fault {
  const { code, errcode, message } = failure;
  if (errcode === ERRCODE.addressForbidden) return addressRefused(appid, refusedAddressOf(failure));
  // 40001 means a wrong secret only where the secret was sent.
  if (SECRET_REFUSED.includes(errcode) || (code === 'component_refused' && errcode === ERRCODE.tokenInvalid)) {
    return failing({
      code: 'secret_refused',
      cause: text(
        `WeChat refuses the AppSecret of ${appid} (${errcode}).`,
        `微信拒绝了 ${appid} 的 AppSecret（${errcode}）。`,
      ),
      remedy: text(
        'Set WX_COMPONENT_APPSECRET (in WX_COMPONENTS_FILE: appsecret) to the one at the Open Platform, and restart all processes.',
        '请把 WX_COMPONENT_APPSECRET（或 WX_COMPONENTS_FILE 中的 appsecret）设为开放平台中的值，并重启所有进程。',
      ),
    });
  }
  if (code === 'no_ticket' || TICKET_REFUSED.includes(errcode)) {
    return failing({
      code: errcode === undefined ? 'no_ticket' : 'ticket_refused',
      cause: text(
        errcode === undefined
          ? `${appid} has no valid ticket, without which WeChat issues no component token.`
          : `WeChat refuses the ticket of ${appid} (${errcode}).`,
        errcode === undefined
          ? `${appid} 没有有效的票据，微信不会颁发平台令牌。`
          : `微信拒绝了 ${appid} 的票据（${errcode}）。`,
      ),
      remedy: text(
        `WeChat pushes the next ticket within 10 minutes. If none arrives, ${namedCheck('ticket').en} says what to set.`,
        `微信会在 10 分钟内推送下一个票据；若没有收到，${namedCheck('ticket').zh}会说明如何设置。`,
      ),
    });
  }
  return failing({
    code: errcode === undefined ? code : `errcode_${errcode}`,
    cause: text(
      `No component token of ${appid} can be used: ${quoted(message).en}`,
      `${appid} 的平台令牌无法使用：${quoted(message).zh}`,
    ),
    remedy:
      errcode === ERRCODE.tokenInvalid
        ? text(
            `The AppSecret may have been changed, or another system may have fetched a token. The processes fetch another one with their next call; if WeChat refuses that, too, set WX_COMPONENT_APPSECRET. See in ${namedCheck('second-system').en} how often it recurs.`,
            `AppSecret 可能已被更换，或另有系统获取了令牌。进程会在下次调用时重新获取；若仍被拒绝，请更新 WX_COMPONENT_APPSECRET。${namedCheck('second-system').zh}会统计反复出现的次数。`,
          )
        : text(
            `Follow what WeChat says; docs/troubleshooting.md has the errcodes. If WeChat could not be reached, see ${namedCheck('egress').en}.`,
            `请按微信的说明处理，错误码见 docs/troubleshooting.md；若无法连接微信，请看${namedCheck('egress').zh}。`,
          ),
  });
}

export function addressRefused(appid: string, address: string | undefined): Fault {
  const named = address === undefined ? text('this host', '本机') : text(address, address);
  return failing({
    code: 'address_refused',
    cause: text(
      `WeChat refuses the address ${named.en} for ${appid} (61004); it masks parts of an address with *.`,
      `微信拒绝了 ${appid} 的出口 IP：${named.zh}（61004；微信用 * 隐去部分数字）。`,
    ),
    remedy: text(
      'Add the public address of this host, and those of all other hosts that run a process, to the IP list (白名单IP地址列表) of the component at the Open Platform.',
      '请在开放平台该第三方平台的“白名单IP地址列表”中加入本机以及所有运行进程的主机的公网出口 IP。',
    ),
  });
}
