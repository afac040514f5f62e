import type { Component } from '../component/components.ts';
import type { OutboundResult } from '../webhook/outbound-request.ts';
import { openedReply } from './rehearsal-push.ts';
import type { CheckCode, CheckStep } from './release-check.ts';

/** What a step of a rehearsal found. */
export type StepResult = Omit<CheckStep, 'name'>;

/** Longer answers are cut: they come from a proxy, and only their start says something. */
const MAX_SHOWN = 200;

/** Of the event URL: `success`, and nothing around it (protocol §1.2). */
export function judgeSuccess(result: OutboundResult): StepResult {
  return judge(result, 'success', 'not_success', (body) => (body === 'success' ? null : 'not_success'));
}

/** An answer without a body, as WeChat's case 3 wants it (protocol §6). */
export function judgeEmpty(result: OutboundResult): StepResult {
  return judge(result, '', 'not_empty', (body) => (body === '' ? null : 'not_empty'));
}

/** A sealed passive reply with exactly this text. */
export function judgeReply(result: OutboundResult, expected: string, component: Component): StepResult {
  let content: string | undefined;
  const judged = judge(result, expected, 'no_reply', (body) => {
    if (body === '' || body === 'success') return 'no_reply';
    const reply = openedReply(body, component);
    if (reply === 'plain') return 'plain_reply';
    content = typeof reply.Content === 'string' ? reply.Content : '';
    return content === expected && reply.MsgType === 'text' ? null : 'wrong_text';
  });
  return content === undefined ? judged : { ...judged, got: shown(content) };
}

/** `other`: the code of an answer that is none of WeChat's protocol. */
function judge(
  result: OutboundResult,
  expected: string,
  other: CheckCode,
  codeOf: (body: string) => CheckCode | null,
): StepResult {
  if (result.kind === 'aborted') return { state: 'skipped', code: null, ms: null, expected, got: null };
  const { ms } = result;
  const failed = (code: CheckCode, got: string): StepResult => ({ state: 'failed', code, ms, expected, got });
  if (result.kind === 'failed') return failed(result.code === 'timeout' ? 'too_slow' : other, result.code);
  if (result.status === 403) return failed('signature_refused', 'HTTP 403');
  if (result.status !== 200) return failed(other, `HTTP ${result.status}`);
  const body = result.body.toString('utf8');
  const code = result.cut ? other : codeOf(body);
  return code === null ? { state: 'ok', code, ms, expected, got: body } : failed(code, shown(body));
}

function shown(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}
