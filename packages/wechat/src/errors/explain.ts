import type { Remedy } from '../failure.ts';
import { documentedErrcodes, explainErrcode } from './errcode.ts';
import meanings from './meanings.zh.json' with { type: 'json' };

/** The meaning of an error and what to do about it, in Chinese and in English. */
export interface Explanation {
  readonly zh: string;
  readonly en: string;
}

export interface ErrcodeExplanation {
  readonly errcode: number;
  readonly code: string;
  readonly remedy: Remedy;
  /** auth, quota, transient, permission, parameter, crypto, ok; own: a number of this project; or unknown. */
  readonly class: string;
  /** False: the number is undocumented, so the explanation is a guess. */
  readonly documented: boolean;
  readonly explanation: Explanation;
}

const classes: Readonly<Record<string, Explanation>> = {
  auth: { zh: '凭证或授权类错误', en: 'an error of credentials or authorization' },
  quota: { zh: '额度或频率限制类错误', en: 'a limit of quota or frequency' },
  transient: { zh: '暂时性错误', en: 'a transient error' },
  permission: { zh: '权限类错误', en: 'an error of permission' },
  parameter: { zh: '请求参数类错误', en: 'an error of the request’s parameters' },
  own: { zh: '本项目自定义的错误', en: 'an error of this project' },
  crypto: { zh: '消息加解密类错误', en: 'an error of encrypting or decrypting a message' },
};
const unknownClass: Explanation = { zh: '未公开说明的错误', en: 'an undocumented error' };

const advices: Readonly<Record<string, Explanation>> = {
  refresh_token_once: {
    zh: '本平台会刷新凭证并自动重试一次',
    en: 'the platform fetches a new token and repeats the call once by itself',
  },
  new_ticket_once: {
    zh: '请等待下一次推送的 ticket（每十分钟一次）',
    en: 'wait for the next ticket; WeChat pushes one every ten minutes',
  },
  reconcile_refresh_token_once: { zh: '请该账号重新授权', en: 'the account must authorize again' },
  reauthorize: { zh: '请重新授权', en: 'authorize again' },
  backoff: { zh: '请稍后重试', en: 'try again later' },
  next_minute: { zh: '请在下一分钟重试', en: 'try again in the next minute' },
  next_day_beijing: { zh: '请在北京时间次日零点后重试', en: 'try again after midnight in Beijing' },
  next_month: { zh: '请下个月再试', en: 'try again next month' },
  wait_then_retry: { zh: '请等待一段时间后重试', en: 'wait, then try again' },
  operator_action: { zh: '需要平台运维人员处理', en: 'the operator of the platform must act' },
  fix_request: { zh: '请修改请求后再发送', en: 'correct the request before you send it again' },
  never: { zh: '原样重试不会成功', en: 'repeating it as it is will not help' },
  check_first: {
    zh: '重发之前请先在微信侧查询结果',
    en: 'check its effect at WeChat before you send it again',
  },
  use_real_wechat: {
    zh: '请在真正的微信上使用，或用模拟器的 POST /_control/answer 设定返回内容',
    en: 'call it at the real WeChat, or give it an answer with POST /_control/answer of the simulator',
  },
  try_previous_key: { zh: '请检查消息加解密的 Token 与 EncodingAESKey', en: 'check Token and EncodingAESKey' },
};

/** Where the reaction alone does not say enough. */
const advicesByErrcode: Readonly<Record<number, Explanation>> = {
  // WeChat answers it also after the AppSecret was reset, until a token that was fetched with the new one is used.
  40001: {
    zh: '本平台会刷新凭证并自动重试一次；若仍失败，可能是平台的 AppSecret 已被更换，或另有系统在获取令牌',
    en: 'the platform fetches a new token and repeats the call once by itself; if that fails, too, the component’s AppSecret may have been changed, or another system fetches tokens',
  },
};

/** Our own codes, for which WeChat has no numbers. */
const own: Readonly<Record<string, Explanation>> = {
  outcome_unknown: {
    zh: '调用可能已被微信执行，但没有收到结果。重发之前请先在微信侧查询，以免重复。',
    en: 'The call may have been executed, but there was no answer. Check its effect at WeChat before you send it again.',
  },
  call_lost: {
    zh: '调用记录已丢失，无法得知是否已发送。重发之前请先在微信侧查询。',
    en: 'The record of the call is lost, so it is unknown whether it was sent. Check its effect at WeChat before you repeat it.',
  },
  deadline_passed: {
    zh: '调用未能在截止时间前发出，没有发送给微信，可以重发。',
    en: 'The call could not be sent before its deadline. WeChat never received it; you can send it again.',
  },
  quota_closed: {
    zh: '该账号此接口的额度已用完，在重新开放之前不会发送。',
    en: 'The quota of this API is used up for this account; nothing is sent until it opens again.',
  },
  reauthorize: { zh: '授权已失效，请该账号重新授权。', en: 'The consent has ended; the account must authorize again.' },
  not_ready: {
    zh: '第三方平台暂时无法工作（缺少 ticket 或 component_access_token），请稍后重试。',
    en: 'The component cannot act now, because a ticket or a component token is missing; try again later.',
  },
  wechat_unreachable: {
    zh: '无法连接微信服务器，请稍后重试。',
    en: 'WeChat cannot be reached; try again later.',
  },
  wechat_timeout: {
    zh: '微信服务器没有及时响应，请稍后重试。',
    en: 'WeChat did not answer in time; try again later.',
  },
  wechat_broken_answer: {
    zh: '微信服务器多次返回无法识别的内容，请稍后重试。',
    en: 'WeChat repeatedly returned unreadable answers; try again later.',
  },
};

const byRemedy: Readonly<Record<Remedy, Explanation>> = {
  retry: { zh: '暂时无法完成，请稍后重试。', en: 'The request cannot be executed now; try again later.' },
  'slow-down': { zh: '调用过于频繁，请放慢速度。', en: 'Too many requests; send them more slowly.' },
  'refresh-token': { zh: '凭证正在刷新，请稍后重试。', en: 'The token is being refreshed; try again later.' },
  reauthorize: own.reauthorize!,
  'fix-request': { zh: '请求有误，请修改后再发送。', en: 'The request is wrong; correct it before you send it again.' },
  operator: { zh: '需要平台运维人员处理。', en: 'The operator of the platform must act.' },
};

const documented = new Set(documentedErrcodes().map(({ errcode }) => errcode));
const chinese: Readonly<Record<string, string>> = meanings;

/** Explains any number; one without a Chinese text of its own by its class. */
export function explain(errcode: number): ErrcodeExplanation {
  const entry = explainErrcode(errcode);
  const kind = classes[entry.class] ?? unknownClass;
  const advice = entry.class === 'ok' ? undefined : (advicesByErrcode[errcode] ?? advices[entry.reaction]);
  return {
    errcode,
    code: entry.code,
    remedy: entry.remedy,
    class: entry.class,
    documented: documented.has(errcode),
    explanation: {
      zh: sentences(chinese[errcode] ?? kind.zh, advice?.zh, '。', ''),
      en: sentences(documented.has(errcode) ? entry.meaning : kind.en, advice?.en, '.', ' '),
    },
  };
}

/** Explains a failure by WeChat's number if there is one, otherwise by our own code. */
export function explainFailure(code: string, remedy: Remedy, errcode: number | undefined): Explanation {
  return errcode === undefined ? (own[code] ?? byRemedy[remedy]) : explain(errcode).explanation;
}

function sentences(meaning: string, advice: string | undefined, stop: string, blank: string): string {
  const ended = [meaning, ...(advice === undefined ? [] : [advice])].map((text) => {
    // Only an English sentence begins with a capital; a Chinese one may begin with the name of a parameter.
    const whole = stop === '.' ? text.charAt(0).toUpperCase() + text.slice(1) : text;
    return whole.endsWith(stop) ? whole : whole + stop;
  });
  return ended.join(blank);
}
