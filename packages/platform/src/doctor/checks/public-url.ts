import { certificateEnd } from '../../certificate-end.ts';
import type { RedisClient } from '../../redis/connect.ts';
import { openRehearsalTarget, type RehearsalTarget } from '../../release-check/rehearsal-target.ts';
import type { OutboundResult } from '../../webhook/outbound-request.ts';
import type { Check } from '../check.ts';
import { seeCheck } from '../check-titles.ts';
import type { DoctorContext } from '../doctor-context.ts';
import { type Fault, failing, NotJudged, quoted, text, warning } from '../finding.ts';
import { isSimulated } from '../is-simulated.ts';
import { type ArrivedAs, FORGED_ADDRESS, type Nonce, putNonce } from '../nonces.ts';

const ANSWER_TIMEOUT_MS = 4_000;
const MAX_ANSWER_BYTES = 1_024;
const DAY_MS = 24 * 60 * 60_000;
const MIN_CERTIFICATE_MS = 14 * DAY_MS;

/** Whether PUBLIC_URL leads to a gateway of this deployment, by https, and how the request arrives there. */
export const publicUrl: Check = async (doctor) => {
  const url = publicUrlOf(doctor);
  const target = await openRehearsalTarget(url);
  doctor.keep('public url', target.sender, (sender) => sender.close());
  const needsHttps = !isSimulated(doctor.settings.wechat.apiBases);
  const faults: Fault[] = needsHttps && !url.startsWith('https:') ? [notHttps(url)] : [];
  if (target.addresses.length === 0) return { faults: [...faults, unresolved(url)], found: null };
  const redis = await redisForNonce(doctor);
  const [answer, endsAt] = await Promise.all([
    redis ? ask(url, target, redis, doctor.signal) : undefined,
    certificateEnd(url, target.addresses[0]),
  ]);
  // Whether it has ended is judged by the request.
  const remainingMs = endsAt && endsAt.getTime() - Date.now();
  if (remainingMs !== undefined && remainingMs < MIN_CERTIFICATE_MS && remainingMs > 0) {
    faults.push(certificateEnds(remainingMs));
  }
  if (answer) faults.push(...judgeAnswer(url, answer.nonce, answer.result));
  else if (faults.length === 0) {
    throw new NotJudged(
      text(
        'Without Redis, a gateway cannot prove that it is this deployment’s.',
        'Redis 不可用，无法确认应答的是本部署的网关。',
      ),
      seeCheck('redis'),
    );
  }
  return { faults, found: `${url} → ${target.addresses.join(', ')}` };
};

/** Throws NotJudged without one. */
export function publicUrlOf({ settings }: DoctorContext): string {
  if (settings.publicUrl !== undefined) return settings.publicUrl;
  throw new NotJudged(
    text('PUBLIC_URL is not set or cannot be used.', 'PUBLIC_URL 未设置或无法使用。'),
    text(
      'Set it to the address under which WeChat and browsers reach this deployment, like https://wx.example.com.',
      '请设为微信和浏览器访问本部署的地址，例如 https://wx.example.com。',
    ),
  );
}

async function redisForNonce(doctor: DoctorContext): Promise<RedisClient | undefined> {
  try {
    return await doctor.ownRedis();
  } catch (error) {
    if (error instanceof NotJudged) return undefined;
    throw error;
  }
}

async function ask(
  url: string,
  { sender }: RehearsalTarget,
  redis: RedisClient,
  signal: AbortSignal,
): Promise<{ nonce: Nonce; result: OutboundResult }> {
  const nonce = await putNonce(redis);
  const result = await sender.send({
    url: `${url}/authorize/doctor/${nonce.id}`,
    method: 'GET',
    headers: { 'x-forwarded-for': FORGED_ADDRESS },
    timeoutMs: ANSWER_TIMEOUT_MS,
    maxAnswerBytes: MAX_ANSWER_BYTES,
    signal,
  });
  return { nonce, result };
}

export function judgeAnswer(url: string, nonce: Nonce, result: OutboundResult): Fault[] {
  switch (result.kind) {
    case 'aborted':
      return [unreachable(url, 'timeout')];
    case 'failed':
      return [result.code === 'bad_certificate' ? badCertificate(url) : unreachable(url, result.code)];
    case 'answered': {
      const answered = readAnswer(result.body.toString('utf8'));
      if (answered?.value !== nonce.value) return [notOurs(url, result.status)];
      return judgeArrival(answered.arrivedAs);
    }
    default:
      return result satisfies never;
  }
}

function readAnswer(body: string): { readonly value: string; readonly arrivedAs: ArrivedAs } | undefined {
  try {
    return JSON.parse(body) as { readonly value: string; readonly arrivedAs: ArrivedAs };
  } catch {
    return undefined;
  }
}

function judgeArrival(arrivedAs: ArrivedAs): Fault[] {
  switch (arrivedAs) {
    case 'caller':
      return [];
    case 'forged':
      return [
        failing({
          code: 'proxy_trusted_too_far',
          cause: text(
            'TRUST_PROXY trusts more proxies than there are: every caller can choose the address by which it is limited and audited.',
            'TRUST_PROXY 信任的代理多于实际：任何调用方都能伪造用于限流和审计的来源地址。',
          ),
          remedy: text(
            'Set TRUST_PROXY to the number of proxies between the internet and this gateway, or to their addresses; and let the outermost one overwrite X-Forwarded-For.',
            '请把 TRUST_PROXY 设为公网到网关之间代理的层数或其地址，并让最外层代理覆盖 X-Forwarded-For。',
          ),
        }),
      ];
    case 'proxy':
      return [
        failing({
          code: 'proxy_not_trusted',
          cause: text(
            'Requests arrive through a proxy that TRUST_PROXY does not name: all callers seem to have the address of the proxy, and share its limits.',
            '请求经过了 TRUST_PROXY 未包含的代理：所有调用方看起来都来自代理的地址，并共用限流额度。',
          ),
          remedy: text(
            'Set TRUST_PROXY to the number of proxies before this gateway, or to their addresses.',
            '请把 TRUST_PROXY 设为网关前代理的层数或其地址。',
          ),
        }),
      ];
    default:
      return arrivedAs satisfies never;
  }
}

function notHttps(url: string): Fault {
  return failing({
    code: 'not_https',
    cause: text(
      `PUBLIC_URL (${url}) is not https: consent pages, keys and pushes travel in clear.`,
      `PUBLIC_URL（${url}）不是 https：授权页面、密钥和推送会以明文传输。`,
    ),
    remedy: text(
      'Put a proxy with a certificate before the gateway, and begin PUBLIC_URL with https://.',
      '请在网关前部署带证书的代理，并把 PUBLIC_URL 改为 https:// 开头。',
    ),
  });
}

function unresolved(url: string): Fault {
  return failing({
    code: 'unresolved',
    cause: text(`The name in PUBLIC_URL (${url}) has no address.`, `PUBLIC_URL（${url}）中的域名无法解析。`),
    remedy: text('Correct PUBLIC_URL, or add the name to DNS.', '请更正 PUBLIC_URL，或添加 DNS 解析。'),
    command: `getent hosts ${new URL(url).hostname}`,
  });
}

function unreachable(url: string, why: string): Fault {
  return failing({
    code: 'unreachable',
    cause: text(
      `No answer comes through PUBLIC_URL (${url}): ${quoted(why).en}.`,
      `通过 PUBLIC_URL（${url}）得不到应答：${quoted(why).zh}。`,
    ),
    remedy: text(
      'Start a gateway or node, and let DNS, firewall and proxy lead to it, also from this host itself.',
      '请启动网关或节点，并检查 DNS、防火墙和代理（也要能从本机访问）。',
    ),
    command: `curl -i ${url}/healthz`,
  });
}

function badCertificate(url: string): Fault {
  return failing({
    code: 'bad_certificate',
    cause: text(`The certificate of PUBLIC_URL (${url}) is not valid.`, `PUBLIC_URL（${url}）的证书无效。`),
    remedy: text('Replace it; include the intermediate certificates.', '请更换证书，并包含中间证书。'),
    command: `curl -vI ${url}/healthz`,
  });
}

function notOurs(url: string, status: number): Fault {
  return failing({
    code: 'not_this_deployment',
    cause: text(
      `What answers at PUBLIC_URL (${url}, status ${status}) is no gateway of this deployment, or of an older version.`,
      `PUBLIC_URL（${url}，状态 ${status}）的应答方不是本部署的网关，或版本过旧。`,
    ),
    remedy: text(
      'Let DNS and the proxy lead to a gateway that uses this Redis, and pass the path /authorize/ on unchanged.',
      '请让 DNS 和代理指向使用该 Redis 的网关，并原样转发 /authorize/ 路径。',
    ),
    command: `curl -i ${url}/healthz`,
  });
}

function certificateEnds(remainingMs: number): Fault {
  const days = Math.floor(remainingMs / DAY_MS);
  return warning({
    code: 'certificate_ends',
    cause: text(`The certificate of PUBLIC_URL ends in ${days} days.`, `PUBLIC_URL 的证书将在 ${days} 天后过期。`),
    remedy: text('Renew it.', '请续期。'),
  });
}
