import { defineWords } from '../../words/define-words.ts';

export const words = defineWords({
  zh: {
    works: '可以工作',
    fails: (reasons: string) => `不能工作：${reasons} 个原因`,
    failed: '总览无法加载。',
    component: '平台',
    ticketAge: '票据',
    tokenAge: '令牌到期',
    lastPush: '最近推送',
    state: '状态',
    noComponents: '没有配置平台：设置 WX_COMPONENT_APPID 后重启。',
    reasons: {
      no_ticket: '还没有收到票据。核对开放平台上的授权事件接收地址、Token 和 EncodingAESKey。',
      ticket_expired: '票据已过期：超过 12 小时没有收到新的票据。核对授权事件接收地址是否可达。',
      component_token_failing: '获取令牌失败。',
    },
    unknownReason: (reason: string) => `原因：${reason}。`,
    seeComponent: '查看平台',
  },
  en: {
    works: 'Working',
    fails: (reasons: string) => `Not working: ${reasons === '1' ? '1 reason' : `${reasons} reasons`}`,
    failed: 'The overview could not be loaded.',
    component: 'Component',
    ticketAge: 'Ticket',
    tokenAge: 'Token ends',
    lastPush: 'Last push',
    state: 'State',
    noComponents: 'No component is configured: set WX_COMPONENT_APPID and restart.',
    reasons: {
      no_ticket: 'No ticket was received. Compare the event URL, Token and EncodingAESKey at the open platform.',
      ticket_expired: 'The ticket expired: none was received for 12 hours. Check that the event URL is reachable.',
      component_token_failing: 'The component token cannot be fetched.',
    },
    unknownReason: (reason: string) => `Reason: ${reason}.`,
    seeComponent: 'See the component',
  },
});
