import { defineWords } from '../../words/define-words.ts';

/** Why WeChat refuses a component token, by its errcode, and what to do. */
export const tokenRemedies = defineWords<Readonly<Record<number, string>>>({
  zh: {
    40001: '平台的 AppSecret 不正确，或另一个系统也在获取令牌。',
    40013: '平台的 AppID 不正确。核对 WX_COMPONENT_APPID。',
    40125: '平台的 AppSecret 不正确。在开放平台重置后更新 WX_COMPONENT_APPSECRET 并重启。',
    61004: '微信拒绝了出口 IP。把它加入开放平台“开发配置”中的“白名单 IP 地址列表”。',
    61005: '票据已过期。核对“授权事件接收 URL”，等待微信推送新的票据。',
    61006: '票据不正确。核对“授权事件接收 URL”，等待微信推送新的票据。',
  },
  en: {
    40001: 'The component’s AppSecret is wrong, or another system fetches tokens, too.',
    40013: 'The component’s AppID is wrong. Check WX_COMPONENT_APPID.',
    40125:
      'The component’s AppSecret is wrong. Reset it at the Open Platform, set WX_COMPONENT_APPSECRET, and restart.',
    61004: 'WeChat refused our address. Add it to the IP list at the Open Platform.',
    61005: 'The ticket has expired. Check the event URL, and wait for the next ticket.',
    61006: 'The ticket is invalid. Check the event URL, and wait for the next ticket.',
  },
});
