import type { TimelineEvent } from '@wxthirdparty/sdk';
import { defineWords } from '../../words/define-words.ts';
import type { PhaseName } from './phases.ts';

type EventName = TimelineEvent['event'];
type DetailOf<Name extends EventName> = Extract<TimelineEvent, { event: Name }>['detail'];

interface CallWords {
  readonly failed: string;
  readonly back: string;
  readonly title: string;
  readonly unknownCall: string;
  readonly wechatPage: string;
  readonly outcome: {
    readonly completed: string;
    readonly refused: (errcode: number) => string;
    readonly failed: string;
    readonly unknown: string;
    readonly cancelled: string;
    readonly queued: string;
    readonly delayed: string;
    readonly running: string;
  };
  readonly cancelledText: string;
  readonly unknownText: string;
  readonly unknownNoRetry: string;
  readonly colon: string;
  readonly attemptSent: (attempt: number) => string;
  readonly reopens: string;
  readonly ours: string;
  readonly timeline: string;
  readonly noTimeline: string;
  readonly phases: string;
  readonly phase: Readonly<Record<PhaseName, string>>;
  readonly event: Readonly<Record<EventName, string>>;
  readonly kind: Readonly<Record<DetailOf<'received'>['kind'], string>>;
  readonly reason: Readonly<Record<DetailOf<'retried'>['reason'], string>>;
  readonly parked: Readonly<Record<DetailOf<'parked'>['reason'], string>>;
  readonly callback: Readonly<Record<DetailOf<'callback'>['result'], string>>;
  readonly unanswered: Readonly<Record<string, string>>;
  readonly attempt: (attempt: number) => string;
  readonly withKey: string;
  readonly withOrderKey: string;
  readonly accepted: string;
  readonly noAnswer: (ms: string, why: string) => string;
  readonly unreadable: string;
  readonly again: (after: string) => string;
  readonly againAtOnce: string;
  readonly until: string;
  readonly waitsForQuota: string;
  readonly waitsForTime: string;
  readonly waitsForSlot: string;
  readonly atWeChat: string;
  readonly facts: string;
  readonly account: string;
  readonly itsCalls: string;
  readonly kindOfCall: string;
  readonly key: string;
  readonly noKey: string;
  readonly removedKey: string;
  readonly attempts: string;
  readonly created: string;
  readonly settled: string;
  readonly took: (ms: string) => string;
  readonly notBefore: string;
  readonly deadline: string;
  readonly request: string;
  readonly answer: string;
  readonly answerKept: (size: string) => string;
  readonly answerNotKept: string;
  readonly noAnswerYet: string;
  readonly quotaNow: string;
  readonly closedUntil: string;
  readonly sourceCode: string;
}

export const words = defineWords<CallWords>({
  zh: {
    failed: '这次调用无法加载。',
    back: '调用',
    title: '调用详情',
    unknownCall: '没有这个调用',
    wechatPage: '微信文档',
    outcome: {
      completed: '微信已接受这次调用',
      refused: (errcode) => `微信拒绝了这次调用：${errcode}`,
      failed: '调用失败',
      unknown: '结果未知：微信可能已经执行，也可能没有',
      cancelled: '调用已撤销',
      queued: '等待发送',
      delayed: '暂缓发送',
      running: '已发给微信，等待回答',
    },
    cancelledText: '它没有发送给微信。',
    unknownText: '请求已经发出，但没有收到可以确定结果的回答：',
    unknownNoRetry: '请先在微信侧查询这次调用有没有生效，再由业务决定是否重新发送。为避免重复执行，这里不提供重发。',
    colon: '：',
    attemptSent: (attempt) => `第 ${attempt} 次发送`,
    reopens: '额度重新开放：',
    ours: '错误代码',
    timeline: '经过',
    noTimeline: '由接收它的进程直接发送，并且成功：只记录了结果。',
    phases: '时间分布',
    phase: {
      waiting: '等待发送',
      token: '等待令牌',
      wechat: '微信',
      storing: '保存结果',
      pause: '等待重发',
      parked: '暂停',
    },
    event: {
      received: '收到',
      queued: '排队',
      token_waited: '等待令牌',
      sent: '发送',
      answered: '回答',
      parked: '暂停',
      retried: '重发',
      settled: '结束',
      callback: '回调',
    },
    kind: { inline: '由接收它的进程直接发送', queued: '调用方等待，经过队列', background: '后台调用' },
    reason: {
      token_refused: '微信不接受这个令牌，换新令牌',
      quota_refused: '微信说额度已用完',
      transient: '暂时性错误',
      not_sent: '没有发出，重新开始',
      shutdown: '进程停止，由其他进程继续',
    },
    parked: { quota: '等待额度', token: '等待令牌', replica: '等待 Redis 副本确认' },
    callback: { delivered: '已送达', refused: '接收方拒收', failed: '未送达，会重试' },
    unanswered: {
      wechat_timeout: '微信没有及时回答',
      wechat_unreachable: '连接中断',
      wechat_broken_answer: '回答无法识别',
    },
    attempt: (attempt) => `第 ${attempt} 次`,
    withKey: '密钥',
    withOrderKey: '有顺序键',
    accepted: '成功',
    noAnswer: (ms, why) => `等了 ${ms}，没有回答（${why}）`,
    unreadable: '回答无法识别',
    again: (after) => `${after}后再次发送`,
    againAtOnce: '立即再次发送',
    until: '到',
    waitsForQuota: '等待额度重新开放',
    waitsForTime: '还没到发送时间',
    waitsForSlot: '等待发送',
    atWeChat: '等待微信回答',
    facts: '详情',
    account: '账号',
    itsCalls: '它的全部调用',
    kindOfCall: '方式',
    key: '密钥',
    noKey: '平台自身或未记录',
    removedKey: '名称未知',
    attempts: '发送次数',
    created: '收到',
    settled: '结束',
    took: (ms) => `共 ${ms}`,
    notBefore: '不早于',
    deadline: '截止',
    request: '请求大小',
    answer: '微信的回答',
    answerKept: (size) => `${size}，可由业务读取；控制台不显示内容`,
    answerNotKept: '没有保存：调用方已经收到',
    noAnswerYet: '–',
    quotaNow: '当前额度',
    closedUntil: '关闭到',
    sourceCode: '失败代码',
  },
  en: {
    failed: 'The call could not be loaded.',
    back: 'Calls',
    title: 'Call',
    unknownCall: 'There is no such call',
    wechatPage: 'WeChat’s documentation',
    outcome: {
      completed: 'WeChat accepted the call',
      refused: (errcode) => `WeChat refused the call: ${errcode}`,
      failed: 'The call failed',
      unknown: 'Outcome unknown: WeChat may or may not have executed it',
      cancelled: 'The call was cancelled',
      queued: 'Waiting to be sent',
      delayed: 'Delayed',
      running: 'Sent to WeChat, no answer yet',
    },
    cancelledText: 'It was not sent to WeChat.',
    unknownText: 'The request was sent, but no answer came that decides its outcome:',
    unknownNoRetry:
      'Check at WeChat whether the call took effect; then the business decides whether to send it again. It is not offered here, because it could be executed twice.',
    colon: ': ',
    attemptSent: (attempt) => `Attempt ${attempt}`,
    reopens: 'The quota opens again:',
    ours: 'Code',
    timeline: 'Timeline',
    noTimeline: 'Sent by the process that received it, and it succeeded: only the outcome is recorded.',
    phases: 'Where the time went',
    phase: {
      waiting: 'Waiting',
      token: 'Token',
      wechat: 'WeChat',
      storing: 'Storing the outcome',
      pause: 'Before the next attempt',
      parked: 'Parked',
    },
    event: {
      received: 'Received',
      queued: 'Queued',
      token_waited: 'Token awaited',
      sent: 'Sent',
      answered: 'Answered',
      parked: 'Parked',
      retried: 'Sent again',
      settled: 'Settled',
      callback: 'Callback',
    },
    kind: {
      inline: 'sent by the process that received it',
      queued: 'a caller waits, through the queue',
      background: 'background call',
    },
    reason: {
      token_refused: 'WeChat refused the token; the next one is used',
      quota_refused: 'WeChat says the quota is used up',
      transient: 'transient error',
      not_sent: 'not sent, started again',
      shutdown: 'the process shut down; another one continues',
    },
    parked: { quota: 'for the quota', token: 'for a token', replica: 'for a replica of Redis' },
    callback: { delivered: 'delivered', refused: 'refused by the receiver', failed: 'not delivered, is repeated' },
    unanswered: {
      wechat_timeout: 'WeChat did not answer in time',
      wechat_unreachable: 'the connection broke',
      wechat_broken_answer: 'the answer cannot be read',
    },
    attempt: (attempt) => `attempt ${attempt}`,
    withKey: 'key',
    withOrderKey: 'has an order key',
    accepted: 'accepted',
    noAnswer: (ms, why) => `no answer after ${ms} (${why})`,
    unreadable: 'the answer cannot be read',
    again: (after) => `sent again after ${after}`,
    againAtOnce: 'sent again at once',
    until: 'until',
    waitsForQuota: 'Waits until the quota opens again',
    waitsForTime: 'Waits for its time',
    waitsForSlot: 'Waits to be sent',
    atWeChat: 'Waits for WeChat’s answer',
    facts: 'Details',
    account: 'Account',
    itsCalls: 'all its calls',
    kindOfCall: 'Way',
    key: 'Key',
    noKey: 'the platform itself, or not recorded',
    removedKey: 'name unknown',
    attempts: 'Attempts',
    created: 'Received',
    settled: 'Settled',
    took: (ms) => `${ms} in all`,
    notBefore: 'Not before',
    deadline: 'Deadline',
    request: 'Size of the request',
    answer: 'WeChat’s answer',
    answerKept: (size) => `${size}; programs can read it, the console does not show it`,
    answerNotKept: 'not kept: the caller has received it',
    noAnswerYet: '–',
    quotaNow: 'Quota now',
    closedUntil: 'closed until',
    sourceCode: 'Code',
  },
});
