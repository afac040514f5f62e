import type { Language } from './language.ts';

/** How a state is shown: its icon and colour. */
export type Tone = 'good' | 'attention' | 'fault' | 'progress' | 'off';

interface Shown {
  readonly tone: Tone;
  readonly zh: string;
  readonly en: string;
}

/** Every state of every subject: the same state has the same word, icon and colour everywhere. */
export const statuses = {
  component: {
    ready: { tone: 'good', zh: '正常', en: 'Ready' },
    no_ticket: { tone: 'fault', zh: '无票据', en: 'No ticket' },
    ticket_expired: { tone: 'fault', zh: '票据过期', en: 'Ticket expired' },
    component_token_failing: { tone: 'fault', zh: '令牌获取失败', en: 'Token fails' },
  },
  authorizer: {
    active: { tone: 'good', zh: '正常', en: 'Active' },
    'needs-reauthorization': { tone: 'attention', zh: '待重新授权', en: 'Needs authorization' },
    revoked: { tone: 'off', zh: '已取消', en: 'Revoked' },
  },
  call: {
    queued: { tone: 'progress', zh: '等待发送', en: 'Queued' },
    delayed: { tone: 'progress', zh: '暂缓发送', en: 'Delayed' },
    running: { tone: 'progress', zh: '发送中', en: 'Being sent' },
    completed: { tone: 'good', zh: '成功', en: 'Completed' },
    refused: { tone: 'fault', zh: '微信拒绝', en: 'Refused' },
    failed: { tone: 'fault', zh: '失败', en: 'Failed' },
    outcome_unknown: { tone: 'attention', zh: '结果未知', en: 'Outcome unknown' },
    cancelled: { tone: 'off', zh: '已撤销', en: 'Cancelled' },
  },
  subscription: {
    active: { tone: 'good', zh: '正常', en: 'Active' },
    failing: { tone: 'fault', zh: '投递失败', en: 'Failing' },
    paused: { tone: 'off', zh: '已暂停', en: 'Paused' },
  },
  delivery: {
    pending: { tone: 'progress', zh: '等待投递', en: 'Pending' },
    delivered: { tone: 'good', zh: '已送达', en: 'Delivered' },
    dead: { tone: 'fault', zh: '未送达', en: 'Not delivered' },
  },
  replay: {
    running: { tone: 'progress', zh: '进行中', en: 'Running' },
    completed: { tone: 'good', zh: '已完成', en: 'Completed' },
    failed: { tone: 'fault', zh: '失败', en: 'Failed' },
    cancelled: { tone: 'off', zh: '已撤销', en: 'Cancelled' },
  },
  push: {
    unreadable: { tone: 'attention', zh: '无法识别', en: 'Unreadable' },
    wrong_account: { tone: 'attention', zh: '账号不符', en: 'Wrong account' },
  },
  sync: {
    queued: { tone: 'progress', zh: '等待开始', en: 'Queued' },
    running: { tone: 'progress', zh: '进行中', en: 'Running' },
    paused: { tone: 'off', zh: '已暂停', en: 'Paused' },
    completed: { tone: 'good', zh: '已完成', en: 'Completed' },
    failed: { tone: 'fault', zh: '失败', en: 'Failed' },
    cancelled: { tone: 'off', zh: '已撤销', en: 'Cancelled' },
  },
  grant: {
    authorized: { tone: 'good', zh: '授权', en: 'Authorized' },
    reauthorized: { tone: 'good', zh: '再次授权', en: 'Authorized again' },
    restored: { tone: 'good', zh: '恢复', en: 'Restored' },
    'scopes-changed': { tone: 'progress', zh: '权限变更', en: 'Permissions changed' },
    'needs-reauthorization': { tone: 'attention', zh: '待重新授权', en: 'Needs authorization' },
    revoked: { tone: 'off', zh: '已取消', en: 'Revoked' },
  },
  link: {
    pending: { tone: 'progress', zh: '待打开', en: 'Not opened' },
    opened: { tone: 'progress', zh: '已打开', en: 'Opened' },
    authorized: { tone: 'good', zh: '已授权', en: 'Authorized' },
    failed: { tone: 'fault', zh: '失败', en: 'Failed' },
    expired: { tone: 'off', zh: '已过期', en: 'Expired' },
  },
  reconciliation: {
    queued: { tone: 'progress', zh: '等待', en: 'Waiting' },
    running: { tone: 'progress', zh: '进行中', en: 'Running' },
    completed: { tone: 'good', zh: '已完成', en: 'Completed' },
    failed: { tone: 'fault', zh: '失败', en: 'Failed' },
  },
  releaseCheck: {
    running: { tone: 'progress', zh: '进行中', en: 'Running' },
    passed: { tone: 'good', zh: '通过', en: 'Passed' },
    failed: { tone: 'fault', zh: '未通过', en: 'Failed' },
  },
  checkStep: {
    ok: { tone: 'good', zh: '正常', en: 'Ok' },
    failed: { tone: 'fault', zh: '失败', en: 'Failed' },
    skipped: { tone: 'off', zh: '未检查', en: 'Skipped' },
  },
  key: {
    active: { tone: 'good', zh: '有效', en: 'Valid' },
    expired: { tone: 'off', zh: '已过期', en: 'Expired' },
    revoked: { tone: 'off', zh: '已吊销', en: 'Revoked' },
  },
  alarm: {
    page: { tone: 'fault', zh: '紧急', en: 'Urgent' },
    warn: { tone: 'attention', zh: '注意', en: 'Warning' },
    closed: { tone: 'good', zh: '已恢复', en: 'Recovered' },
  },
  check: {
    ok: { tone: 'good', zh: '正常', en: 'Ok' },
    warn: { tone: 'attention', zh: '注意', en: 'Warning' },
    fail: { tone: 'fault', zh: '故障', en: 'Failed' },
    skipped: { tone: 'off', zh: '未检查', en: 'Skipped' },
  },
  server: {
    up: { tone: 'good', zh: '正常', en: 'Up' },
    slow: { tone: 'attention', zh: '缓慢', en: 'Slow' },
    lost: { tone: 'fault', zh: '失联', en: 'Lost' },
    down: { tone: 'fault', zh: '故障', en: 'Down' },
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Shown>>>>;

export type Subject = keyof typeof statuses;
export type StateOf<S extends Subject> = keyof (typeof statuses)[S];

/** A state that a newer gateway has and this page does not know is shown by its code. */
export function shownStatus(subject: Subject, state: string, language: Language): { tone: Tone; word: string } {
  const shown = (statuses[subject] as Readonly<Record<string, Shown>>)[state];
  return shown ? { tone: shown.tone, word: shown[language] } : { tone: 'off', word: state };
}
