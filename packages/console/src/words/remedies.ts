import type { Remedy } from '@wxthirdparty/sdk';
import { defineWords } from './define-words.ts';

/** What to do about an error, by its remedy. */
export const remedyWords = defineWords<Readonly<Record<Remedy, string>>>({
  zh: {
    retry: '稍后会自动重试，也可以现在重试。',
    'slow-down': '请求过多，请稍候再试。',
    'refresh-token': '令牌正在更新，请稍后重试。',
    reauthorize: '需要账号管理员重新授权。',
    'fix-request': '请检查输入的内容。',
    operator: '需要运维人员处理，请查看总览和日志。',
  },
  en: {
    retry: 'It is repeated automatically; you can also retry now.',
    'slow-down': 'There were too many requests. Wait a moment.',
    'refresh-token': 'The token is being refreshed. Retry in a moment.',
    reauthorize: 'The account’s administrator must authorize again.',
    'fix-request': 'Check what you entered.',
    operator: 'An operator must act: see the overview and the log.',
  },
});

/** Codes whose cause has words of its own; for all others the gateway's sentence is shown. */
export const codeWords = defineWords<Readonly<Record<string, string>>>({
  zh: {
    connection_failed: '无法连接到网关。',
    unavailable: 'Redis 或数据库没有响应。',
    overloaded: '网关过载。',
    forbidden: '当前身份没有这项权限。',
    not_found: '没有找到。',
    unauthorized: '登录已失效。',
    too_many_guesses: '尝试次数过多，请在 10 分钟后再试。',
    not_ready: '平台尚未就绪。',
    internal: '网关内部错误，请用请求编号查日志。',
    rate_limited: '超过了该密钥的速率。',
    unknown_authorizer: '没有这个账号的授权。',
    unknown_call: '没有这个调用，或者它的记录已经过期。',
    unknown_component: '网关没有配置这个平台。',
  },
  en: {
    connection_failed: 'The gateway does not answer.',
    unavailable: 'Redis or the database does not answer.',
    overloaded: 'The gateway is overloaded.',
    forbidden: 'You are not permitted to do this.',
    not_found: 'Not found.',
    unauthorized: 'You are signed out.',
    too_many_guesses: 'Too many attempts. Try again in 10 minutes.',
    not_ready: 'The component is not ready.',
    internal: 'Internal error of the gateway. Search its log for the request id.',
    rate_limited: 'The rate of this key is exceeded.',
    unknown_authorizer: 'This account has not authorized.',
    unknown_call: 'There is no such call, or its record has expired.',
    unknown_component: 'The gateway does not serve this component.',
  },
});
