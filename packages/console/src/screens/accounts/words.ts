import { defineWords } from '../../words/define-words.ts';

export const words = defineWords({
  zh: {
    searchFor: '搜索 appid、gh_、标识、名称、主体',
    name: '名称',
    kind: '类型',
    scope: '权限',
    tokenEnds: '令牌到期',
    lastCall: '最近调用',
    lastPush: '最近推送',
    tokenFails: '刷新失败',
    failed: '账号列表无法加载。',
    empty: '还没有账号授权。',
    createLink: '创建授权链接',
  },
  en: {
    searchFor: 'Search appid, gh_, handle, name, principal',
    name: 'Name',
    kind: 'Kind',
    scope: 'Permission',
    tokenEnds: 'Token ends',
    lastCall: 'Last call',
    lastPush: 'Last push',
    tokenFails: 'Refresh fails',
    failed: 'The accounts could not be loaded.',
    empty: 'No account has authorized yet.',
    createLink: 'Create an authorization link',
  },
});
