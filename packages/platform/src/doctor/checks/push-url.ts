import { TEST_ACCOUNTS, type TestAccount } from '@wxthirdparty/wechat';
import type { Component } from '../../component/components.ts';
import { rehearsalSender } from '../../release-check/answer.ts';
import { messageUrlOf, newMsgId, pushMessage } from '../../release-check/rehearsal-push.ts';
import { openRehearsalTarget, type RehearsalTarget } from '../../release-check/rehearsal-target.ts';
import type { OutboundResult } from '../../webhook/outbound-request.ts';
import type { Check } from '../check.ts';
import { namedCheck } from '../check-titles.ts';
import type { DoctorContext } from '../doctor-context.ts';
import { type Fault, failing, text } from '../finding.ts';
import { publicUrlOf } from './public-url.ts';

/** WeChat waits for five seconds (protocol §1.3); what takes one when nothing else happens is too slow under load. */
const MAX_ANSWER_MS = 1_000;
/** The first request also connects. */
const MAX_TRIES = 3;
/** As long as a text of a user can be. */
const CONTENT = 'doctor '.repeat(290);

/**
 * A sealed push through PUBLIC_URL, as WeChat sends it: a text from the sender of a rehearsal to a test account of the release check,
 * which is no case of that check. Intake verifies and decrypts it and answers `success`; nothing is stored, counted or delivered.
 */
export const pushUrl: Check = async (doctor) => {
  const { components } = doctor;
  const url = publicUrlOf(doctor);
  const target = await openRehearsalTarget(url);
  doctor.keep('push url', target.sender, (sender) => sender.close());
  const pushed = await Promise.all(components.map((component) => push(doctor, component, url, target)));
  return {
    faults: pushed.flatMap(({ component, result }) => judgePush(component.appid, url, result)),
    found: pushed.map(({ component, result }) => `${component.appid} ${shown(result)}`).join(', '),
  };
};

async function push(doctor: DoctorContext, component: Component, publicUrl: string, { sender }: RehearsalTarget) {
  const options = { sender, component, publicUrl, signal: doctor.signal };
  let result: OutboundResult = { kind: 'aborted' };
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const fields = { MsgType: 'text', Content: CONTENT, MsgId: newMsgId() };
    result = await pushMessage(testAccount(), rehearsalSender('doctor'), fields, options);
    if (!isSlow(result)) break;
  }
  return { component, result };
}

function testAccount(): TestAccount {
  return TEST_ACCOUNTS.find(({ kind }) => kind === 'official-account')!;
}

function isSlow(result: OutboundResult): boolean {
  return result.kind === 'answered' && result.ms > MAX_ANSWER_MS;
}

function shown(result: OutboundResult): string {
  return result.kind === 'answered' ? `${result.status} ${result.ms} ms` : result.kind === 'failed' ? result.code : '–';
}

export function judgePush(appid: string, publicUrl: string, result: OutboundResult): Fault[] {
  const url = messageUrlOf(publicUrl, appid);
  if (result.kind !== 'answered') {
    const why = result.kind === 'failed' ? result.code : 'timeout';
    return [
      failing({
        code: 'push_unanswered',
        cause: text(
          `A test push to ${url} was not answered (${why}).`,
          `发往 ${url} 的测试推送没有得到应答（${why}）。`,
        ),
        remedy: text(
          `See in ${namedCheck('public-url').en} whether the address leads here; let the proxy also pass POST requests to /wechat/ on.`,
          `${namedCheck('public-url').zh}会说明该地址是否指向本部署；并请让代理转发 /wechat/ 的 POST 请求。`,
        ),
      }),
    ];
  }
  const { status, body, ms, cut } = result;
  if (status === 403 || status === 400) {
    return [
      failing({
        code: 'push_refused',
        cause: text(
          `The gateway behind ${url} refuses a push that is sealed with the Token and EncodingAESKey of these settings (${status}).`,
          `${url} 后面的网关拒绝了用当前 Token 和 EncodingAESKey 加密的推送（${status}）。`,
        ),
        remedy: text(
          'Give all processes the same Token and EncodingAESKey, and restart them; let the proxy pass bodies and queries on unchanged.',
          '请让所有进程使用相同的 Token 和 EncodingAESKey 并重启；代理须原样转发请求体和查询参数。',
        ),
      }),
    ];
  }
  if (status !== 200 || cut || body.toString('utf8') !== 'success') {
    return [
      failing({
        code: 'push_not_success',
        cause: text(
          `A test push to ${url} was answered ${status}, not success.`,
          `发往 ${url} 的测试推送得到 ${status}，而不是 success。`,
        ),
        remedy: text(
          'Let the proxy pass the push URLs to a gateway and the answers back unchanged; its body limit must permit 1 MB.',
          '请让代理把推送地址原样转发到网关、原样返回应答，且请求体上限不小于 1 MB。',
        ),
      }),
    ];
  }
  if (ms <= MAX_ANSWER_MS) return [];
  return [
    failing({
      code: 'push_slow',
      cause: text(
        `A test push to ${url} was answered after ${(ms / 1_000).toFixed(1)} s; WeChat gives up after 5.`,
        `发往 ${url} 的测试推送 ${(ms / 1_000).toFixed(1)} 秒后才得到应答；微信最多等 5 秒。`,
      ),
      remedy: text(
        "Check the proxy, the gateway's load and the answer times of Redis.",
        '请检查代理、网关负载以及 Redis 的响应时间。',
      ),
    }),
  ];
}
