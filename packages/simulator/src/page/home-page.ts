import type { World } from '../world.ts';
import { escaped, htmlPage } from './html.ts';
import type { Language } from './language.ts';

const TEXTS = {
  zh: {
    title: '模拟微信',
    intro: '这里模拟 api.weixin.qq.com、授权页与推送。所有状态只在内存中，停止后即消失。',
    platforms: '第三方平台',
    accounts: '帐号',
    authorized: '已授权给',
    free: '未授权',
    more: '查看',
    state: '状态',
    requests: '收到的请求',
    deliveries: '推送记录',
    apis: '已模拟的接口（其余返回 990404）',
    'official-account': '公众号',
    'mini-program': '小程序',
  },
  en: {
    title: 'The simulated WeChat',
    intro:
      'It simulates api.weixin.qq.com, the consent pages and the pushes. All state is in memory and ends with the process.',
    platforms: 'Platforms',
    accounts: 'Accounts',
    authorized: 'authorized',
    free: 'has not authorized',
    more: 'See',
    state: 'State',
    requests: 'Requests received',
    deliveries: 'Pushes delivered',
    apis: 'Simulated APIs (all others answer 990404)',
    'official-account': 'official account',
    'mini-program': 'mini program',
  },
} as const;

/** What this simulator has, for people who open its address. */
export function homePage(world: World, language: Language): string {
  const t = TEXTS[language];
  const components = [...world.components.keys()].map((appid) => `<li><code>${escaped(appid)}</code></li>`);
  const accounts = [...world.accounts.values()].map((account) => {
    const holders = [...world.components.keys()].filter((one) => world.grants.live(one, account.appid) !== undefined);
    const consent = holders.length === 0 ? t.free : `${t.authorized} ${holders.map(escaped).join(', ')}`;
    return `<div class="card"><strong>${escaped(account.nickName)}</strong> · ${t[account.kind]}<br><code>${escaped(account.appid)}</code><br><span class="quiet">${consent}</span></div>`;
  });
  const links = [
    [t.apis, '/_control/apis'],
    [t.state, '/_control/state'],
    [t.requests, '/_control/requests'],
    [t.deliveries, '/_control/deliveries'],
  ].map(([text, href]) => `<li><a href="${href}">${text}</a></li>`);
  const body = `<p>${t.intro}</p>
<h2>${t.platforms}</h2><ul>${components.join('')}</ul>
<h2>${t.accounts}</h2>${accounts.join('\n')}
<h2>${t.more}</h2><ul>${links.join('')}</ul>`;
  return htmlPage({ language, title: t.title, body });
}
