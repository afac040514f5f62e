import { defineWords } from './define-words.ts';
import type { Language } from './language.ts';

export const accountWords = defineWords({
  zh: {
    kinds: { 'official-account': '公众号', 'mini-program': '小程序' },
    serviceTypes: { '0': '订阅号', '1': '订阅号', '2': '服务号' },
    verified: '已认证',
    notVerified: '未认证',
    noName: '（资料未获取）',
    handle: '标识',
    wrongHandle: '标识由 1 至 64 个字母、数字、_ 或 - 组成。',
  },
  en: {
    kinds: { 'official-account': 'Official account', 'mini-program': 'Mini program' },
    serviceTypes: { '0': 'Subscription account', '1': 'Subscription account', '2': 'Service account' },
    verified: 'verified',
    notVerified: 'not verified',
    noName: '(no profile yet)',
    handle: 'Handle',
    wrongHandle: 'A handle has 1 to 64 letters, digits, _ or -.',
  },
});

/** Names of permission sets by their id; WeChat adds some now and then. */
const permissionSets: Readonly<Record<string, { readonly zh: string; readonly en: string }>> = {
  1: { zh: '消息管理', en: 'messages' },
  2: { zh: '用户管理', en: 'users' },
  3: { zh: '账号服务', en: 'account service' },
  4: { zh: '网页服务', en: 'web pages' },
  5: { zh: '微信小店', en: 'shop' },
  6: { zh: '多客服', en: 'customer service agents' },
  7: { zh: '群发与通知', en: 'mass messages and notifications' },
  8: { zh: '微信卡券', en: 'cards' },
  9: { zh: '微信扫一扫', en: 'product scan' },
  10: { zh: '微信连 WiFi', en: 'Wi-Fi' },
  11: { zh: '素材管理', en: 'materials' },
  12: { zh: '摇周边', en: 'shake nearby' },
  13: { zh: '微信门店', en: 'stores' },
  14: { zh: '微信支付', en: 'payment' },
  15: { zh: '自定义菜单', en: 'menu' },
  16: { zh: '获取认证状态', en: 'verification state' },
  17: { zh: '账号管理（小程序）', en: 'account (mini program)' },
  18: { zh: '开发管理与数据分析', en: 'development and analysis' },
  19: { zh: '客服消息管理', en: 'customer service messages' },
  20: { zh: '微信登录', en: 'login' },
  21: { zh: '数据分析', en: 'analysis' },
  22: { zh: '城市服务', en: 'city services' },
  23: { zh: '广告管理', en: 'ads' },
  24: { zh: '开放平台账号管理', en: 'open-platform account' },
  25: { zh: '开放平台账号管理（小程序）', en: 'open-platform account (mini program)' },
  26: { zh: '微信电子发票', en: 'e-invoices' },
  27: { zh: '快速注册小程序', en: 'mini-program registration' },
  30: { zh: '小程序基本信息', en: 'basic information' },
  31: { zh: '小程序认证名称检测', en: 'name check' },
  33: { zh: '小程序管理', en: 'mini-program management' },
  34: { zh: '微信商品库', en: 'product library' },
  35: { zh: '微信卡路里', en: 'calories' },
  36: { zh: '微信卡路里（小程序）', en: 'calories (mini program)' },
  37: { zh: '附近的小程序', en: 'nearby' },
  40: { zh: '插件管理', en: 'plug-ins' },
  41: { zh: '好物圈', en: 'good things (mini program)' },
  44: { zh: '好物圈（公众号）', en: 'good things' },
  45: { zh: '微信物流服务', en: 'logistics' },
  46: { zh: '一物一码', en: 'one code' },
  47: { zh: '财政电子票据', en: 'fiscal bills' },
  48: { zh: '财政电子票据（小程序）', en: 'fiscal bills (mini program)' },
  49: { zh: '云开发管理', en: 'cloud development' },
  51: { zh: '即时配送', en: 'instant delivery' },
  52: { zh: '小程序直播', en: 'live streams' },
  54: { zh: '服务号对话', en: 'service conversations' },
  57: { zh: '页面推送', en: 'page push' },
  65: { zh: '广告管理（小程序）', en: 'ads (mini program)' },
  67: { zh: '服务平台', en: 'service market' },
  70: { zh: '商品管理', en: 'trade: goods' },
  71: { zh: '订单管理', en: 'trade: orders' },
  73: { zh: '自定义交易组件接入', en: 'trade component' },
  76: { zh: '违规与申诉', en: 'violations and complaints' },
  81: { zh: '试用小程序快速认证', en: 'trial verification' },
  84: { zh: '优惠券管理', en: 'trade: coupons' },
  86: { zh: '体验版二维码', en: 'trial QR code' },
  100: { zh: '用户信息（合并）', en: 'users (combined)' },
  171: { zh: '消息推送调试（小程序）', en: 'push debugging (mini program)' },
  172: { zh: '消息推送调试', en: 'push debugging' },
};

/** Every known set with its id, for a choice. */
export function permissionSetOptions(language: Language): { readonly value: string; readonly word: string }[] {
  return Object.entries(permissionSets).map(([id, names]) => ({ value: id, word: `${names[language]} (${id})` }));
}

/** A set without a known name is shown by its id. */
export function permissionSetName(id: number, language: Language): string {
  return permissionSets[String(id)]?.[language] ?? String(id);
}
