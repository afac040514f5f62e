import { Failure, TransportFailure } from '@wxthirdparty/wechat';
import { type Refresher, readRefreshers } from '../../token/host-gate.ts';
import type { Check } from '../check.ts';
import type { DoctorContext } from '../doctor-context.ts';
import { type Fault, failing, NotJudged, quoted, text, warning } from '../finding.ts';
import { addressRefused } from './component-token.ts';

const ASK_TIMEOUT_MS = 4_500;
const SLOW_MS = 2_000;

/** Whether this host reaches WeChat's API hosts, and the other processes too. */
export const egress: Check = async (doctor) => {
  const { apiBases, proxy } = doctor.settings.wechat;
  const [hosts, refreshers] = await Promise.all([
    Promise.all(apiBases.map((base) => reach(doctor, base))),
    readAllRefreshers(doctor),
  ]);
  return {
    faults: [...judgeHosts(hosts, proxy !== undefined), ...judgeRefreshers(refreshers)],
    found: hosts.map(({ host, ms, failure }) => `${host} ${failure ? failure.code : `${ms} ms`}`).join(', '),
  };
};

export interface Reached {
  readonly host: string;
  readonly ms: number;
  readonly failure: { readonly code: string; readonly isProxy: boolean; readonly reason: string } | undefined;
}

async function reach({ transport }: DoctorContext, base: string): Promise<Reached> {
  const { host } = new URL(base);
  const startedAt = performance.now();
  const ms = () => Math.round(performance.now() - startedAt);
  try {
    await transport.send({ method: 'GET', url: `${base}/`, timeoutMs: ASK_TIMEOUT_MS });
    return { host, ms: ms(), failure: undefined };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const reason = error.cause instanceof Error ? error.cause.message : error.message;
    const isProxy = error instanceof TransportFailure && error.unreached === 'proxy';
    return { host, ms: ms(), failure: { code: error.code, isProxy, reason } };
  }
}

/** Of each component. Nothing while Redis is away. */
async function readAllRefreshers(doctor: DoctorContext): Promise<readonly (Refresher & { readonly appid: string })[]> {
  try {
    const { components } = doctor;
    const redis = await doctor.redis();
    const each = components.map(async ({ appid }) =>
      (await readRefreshers(redis, appid)).map((refresher) => ({ ...refresher, appid })),
    );
    return (await Promise.all(each)).flat();
  } catch (error) {
    if (error instanceof NotJudged) return [];
    throw error;
  }
}

export function judgeHosts(hosts: readonly Reached[], hasProxy: boolean): Fault[] {
  if (hasProxy && hosts.length > 0 && hosts.every(({ failure }) => failure?.isProxy)) {
    return [
      failing({
        code: 'proxy_unreachable',
        cause: text(
          `WECHAT_PROXY accepts no connection: ${quoted(hosts[0]!.failure!.reason).en}`,
          `WECHAT_PROXY 无法连接：${quoted(hosts[0]!.failure!.reason).zh}`,
        ),
        remedy: text(
          'Start the proxy, or correct its address, user and password in WECHAT_PROXY.',
          '请启动该代理，或更正 WECHAT_PROXY 中的地址、用户和密码。',
        ),
      }),
    ];
  }
  return hosts.flatMap(({ host, ms, failure }) => {
    if (failure) return [unreachable(host, failure.reason)];
    return ms > SLOW_MS ? [slow(host, ms)] : [];
  });
}

function unreachable(host: string, reason: string): Fault {
  const isTls = /certificate|TLS|SSL|self.signed|issuer/i.test(reason);
  return failing({
    code: isTls ? 'wechat_tls' : 'wechat_unreachable',
    cause: text(
      `WeChat's host ${host} cannot be reached: ${quoted(reason).en}`,
      `无法连接微信主机 ${host}：${quoted(reason).zh}`,
    ),
    remedy: isTls
      ? text(
          'Something between this host and WeChat replaces its certificate; let connections to it pass unchanged.',
          '本机与微信之间有设备替换了证书，请放行到该主机的连接。',
        )
      : text(
          'Permit outgoing connections to it on port 443, and check DNS; or remove the host from WECHAT_API_BASE.',
          '请放行到该主机 443 端口的出站连接并检查 DNS；或从 WECHAT_API_BASE 中去掉该主机。',
        ),
    command: `curl -sv -o /dev/null https://${host}/`,
  });
}

function slow(host: string, ms: number): Fault {
  return warning({
    code: 'wechat_slow',
    cause: text(
      `WeChat's host ${host} answered after ${(ms / 1_000).toFixed(1)} s.`,
      `微信主机 ${host} 用了 ${(ms / 1_000).toFixed(1)} 秒才响应。`,
    ),
    remedy: text(
      'Check DNS and the network; put a nearer host first in WECHAT_API_BASE.',
      '请检查 DNS 和网络；可在 WECHAT_API_BASE 中把更近的主机放在最前。',
    ),
    command: `curl -sv -o /dev/null https://${host}/`,
  });
}

/** Live processes that cannot fetch tokens, while others may be able to. */
export function judgeRefreshers(refreshers: readonly (Refresher & { readonly appid: string })[]): Fault[] {
  return refreshers.flatMap(({ appid, host = '?', why }) => {
    if (why === undefined) return [];
    if (/^[\d.*:a-f]+$/.test(why)) {
      const fault = addressRefused(appid, why);
      const cause = text(`A process on ${host}: ${fault.cause.en}`, `主机 ${host} 上的进程：${fault.cause.zh}`);
      return [{ ...fault, cause }];
    }
    return [
      failing({
        code: 'process_without_wechat',
        cause: text(
          `A process on ${host} cannot ask WeChat for tokens of ${appid}: ${quoted(why).en}`,
          `主机 ${host} 上的进程无法向微信获取 ${appid} 的令牌：${quoted(why).zh}`,
        ),
        remedy: text('Run this check on that host; it names the cause.', '请在该主机上运行本检查以查明原因。'),
      }),
    ];
  });
}
