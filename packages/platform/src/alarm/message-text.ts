import { BEIJING_OFFSET_MS } from '../beijing-time.ts';
import type { AlarmNotice } from './alarm.ts';
import { cutUtf8 } from './cut-utf8.ts';

/** What a robot shows: Chinese first. */
export interface MessageText {
  readonly title: string;
  /** One for each alarm, in the order of importance. */
  readonly blocks: readonly string[];
  /** The most important of what it reports. */
  readonly tone: MessageTone;
}

/** `page` mentions everyone in the group, the others no one. */
export type MessageTone = 'page' | 'warn' | 'closed' | 'test';

/** How many of the notices, from the first, one message has; and its text. */
export interface PackedText extends MessageText {
  readonly taken: number;
}

/** A line of more is cut: an alarm must not fill a message alone. */
const MAX_LINE_BYTES = 700;
const MAX_PROCESSES = 5;
const BETWEEN = '\n\n';

/**
 * As many of the notices, from the first, as fit into the bytes that `sizeOf` permits; at least one, which is cut if necessary.
 * `name`: of the deployment. `fits`: whether a message with this text is short enough.
 */
export function packText(
  notices: readonly AlarmNotice[],
  name: string,
  fits: (text: MessageText) => boolean,
): PackedText {
  let packed: PackedText | undefined;
  for (let taken = 1; taken <= notices.length; taken++) {
    const text = textOf(notices.slice(0, taken), name);
    if (!fits(text)) break;
    packed = { ...text, taken };
  }
  return packed ?? { ...cutToFit(textOf(notices.slice(0, 1), name), fits), taken: 1 };
}

function cutToFit(text: MessageText, fits: (text: MessageText) => boolean): MessageText {
  const whole = text.blocks.join(BETWEEN);
  const cut = (bytes: number): MessageText => ({ ...text, blocks: [cutUtf8(whole, bytes)] });
  let [low, high] = [0, Buffer.byteLength(whole)];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fits(cut(middle))) low = middle;
    else high = middle - 1;
  }
  return cut(low);
}

export function joined({ blocks }: Pick<MessageText, 'blocks'>): string {
  return blocks.join(BETWEEN);
}

function textOf(notices: readonly AlarmNotice[], name: string): MessageText {
  return { title: titleOf(notices, name), blocks: inOrder(notices).map(blockOf), tone: toneOf(notices) };
}

function toneOf(notices: readonly AlarmNotice[]): MessageTone {
  const tones = notices.map(({ news, alarm }): MessageTone => {
    if (news === 'closed' || news === 'test') return news;
    return alarm.severity;
  });
  return (['page', 'warn', 'closed', 'test'] as const).find((tone) => tones.includes(tone)) ?? 'test';
}

function titleOf(notices: readonly AlarmNotice[], name: string): string {
  const count = (...news: readonly AlarmNotice['news'][]) => notices.filter((one) => news.includes(one.news)).length;
  const parts = [
    [count('opened', 'repeated'), '条告警'],
    [count('closed'), '条恢复'],
    [count('test'), '条测试消息'],
  ] as const;
  const counts = parts.flatMap(([number, what]) => (number > 0 ? [`${number} ${what}`] : []));
  return `${name}：${counts.join('，')}`;
}

const IMPORTANCE: Readonly<Record<MessageTone, number>> = { page: 0, warn: 1, closed: 2, test: 3 };

function inOrder(notices: readonly AlarmNotice[]): readonly AlarmNotice[] {
  return notices.toSorted((a, b) => IMPORTANCE[toneOf([a])] - IMPORTANCE[toneOf([b])]);
}

function blockOf({ news, at, alarm }: AlarmNotice): string {
  const { cause, remedy, link, openedAt, closedAt } = alarm;
  const lines = [`【${labelOf(news, alarm.severity)}】${cause.zh}`];
  if (news === 'closed') {
    lines.push(`持续：${durationOf((closedAt ?? at).getTime() - openedAt.getTime())}`);
  } else {
    lines.push(`处理：${remedy.zh}`);
    if (news !== 'test') lines.push(`开始：${beijingTime(openedAt)}（北京时间）`);
  }
  if (alarm.processes.length > 0) lines.push(`进程：${processesOf(alarm)}`);
  lines.push(`EN: ${news === 'closed' ? 'Resolved. ' : ''}${cause.en}`);
  if (link !== null) lines.push(link);
  return lines.map((line) => cutUtf8(plain(line), MAX_LINE_BYTES)).join('\n');
}

function labelOf(news: AlarmNotice['news'], severity: AlarmNotice['alarm']['severity']): string {
  switch (news) {
    case 'opened':
      return severity === 'page' ? '严重' : '注意';
    case 'repeated':
      return severity === 'page' ? '严重，仍未恢复' : '注意，仍未恢复';
    case 'closed':
      return '恢复';
    case 'test':
      return '测试';
    default:
      return news satisfies never;
  }
}

function processesOf({ processes }: AlarmNotice['alarm']): string {
  const shown = processes
    .slice(0, MAX_PROCESSES)
    .map(({ host, note }) => (note === null ? host : `${host}（${note}）`));
  const more = processes.length - shown.length;
  return shown.join('、') + (more > 0 ? ` 等 ${processes.length} 个` : '');
}

export function durationOf(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 1) return `${Math.max(1, Math.round(ms / 1_000))} 秒`;
  if (minutes < 60) return `${minutes} 分钟`;
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
  return rest === 0 ? `${hours} 小时` : `${hours} 小时 ${rest} 分钟`;
}

function beijingTime(at: Date): string {
  return new Date(at.getTime() + BEIJING_OFFSET_MS).toISOString().slice(0, 19).replace('T', ' ');
}

/** Robots read angle brackets as tags; a line break would end the line. */
function plain(text: string): string {
  return text
    .replaceAll('<', '＜')
    .replaceAll('>', '＞')
    .replace(/\p{Cc}+/gu, ' ');
}
