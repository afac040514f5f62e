// Made by `npm run generate`. Do not edit.

import type { FieldValue } from '../field-value.ts';

/** For each type of message and event the tags that WeChat documents, beside those that all have. */
export interface PushFields {
  /** A text from a user. 文本消息。 */
  'message.text': { readonly Content: string; readonly bizmsgmenuid?: string; readonly MsgId: string; readonly MsgDataId?: string; readonly Idx?: string };
  /** A picture from a user. 图片消息。 */
  'message.image': { readonly PicUrl: string; readonly MediaId: string; readonly MsgId: string; readonly MsgDataId?: string; readonly Idx?: string };
  /** A voice message; with its text if speech recognition is on. 语音消息；开通语音识别时带识别结果。 */
  'message.voice': { readonly MediaId: string; readonly Format: string; readonly MediaId16K?: string; readonly Recognition?: string; readonly MsgId: string; readonly MsgDataId?: string; readonly Idx?: string };
  /** A video from a user. 视频消息。 */
  'message.video': { readonly MediaId: string; readonly ThumbMediaId: string; readonly MsgId: string; readonly MsgDataId?: string; readonly Idx?: string };
  /** A short video from a user. 小视频消息。 */
  'message.shortvideo': { readonly MediaId: string; readonly ThumbMediaId: string; readonly MsgId: string; readonly MsgDataId?: string; readonly Idx?: string };
  /** A place that a user sent: latitude, longitude, scale, label. 地理位置消息：纬度、经度、缩放级别、描述。 */
  'message.location': { readonly Location_X: string; readonly Location_Y: string; readonly Scale: string; readonly Label: string; readonly MsgId: string; readonly MsgDataId?: string; readonly Idx?: string };
  /** A link from a user. 链接消息。 */
  'message.link': { readonly Title: string; readonly Description: string; readonly Url: string; readonly MsgId: string; readonly MsgDataId?: string; readonly Idx?: string };
  /** A mini-program card in a mini program’s customer service. 小程序客服：用户发来的小程序卡片。 */
  'message.miniprogrampage': { readonly Title: string; readonly AppId: string; readonly PagePath: string; readonly ThumbUrl: string; readonly ThumbMediaId: string; readonly MsgId: string; readonly MsgDataId?: string; readonly Idx?: string };
  /** A user follows; with the scene of a QR code, if there was one. 用户关注；扫带参数二维码关注时带场景值。 */
  'event.subscribe': { readonly EventKey: string; readonly Ticket?: string };
  /** A user no longer follows. 用户取消关注。 */
  'event.unsubscribe': {};
  /** A follower scanned a QR code with a scene. 已关注的用户扫描带参数二维码。 */
  'event.scan': { readonly EventKey: string; readonly Ticket: string };
  /** A user’s position, if the user permits it. 上报地理位置。 */
  'event.location': { readonly Latitude: string; readonly Longitude: string; readonly Precision: string };
  /** A menu item of type click. 点击菜单，拉取消息。 */
  'event.click': { readonly EventKey: string };
  /** A menu item that opens a page. 点击菜单，跳转网页。 */
  'event.view': { readonly EventKey: string; readonly MenuId?: string };
  /** A menu item that opens a mini program. 点击菜单，跳转小程序。 */
  'event.view_miniprogram': { readonly EventKey: string; readonly MenuId?: string };
  /** A code scanned by a menu item. 菜单扫码推事件。 */
  'event.scancode_push': { readonly EventKey: string; readonly ScanCodeInfo: FieldValue };
  /** A code scanned by a menu item whose user waits for a message. 菜单扫码推事件，并提示“消息接收中”。 */
  'event.scancode_waitmsg': { readonly EventKey: string; readonly ScanCodeInfo: FieldValue };
  /** Photos taken by a menu item. 菜单：系统拍照发图。 */
  'event.pic_sysphoto': { readonly EventKey: string; readonly SendPicsInfo: FieldValue };
  /** Photos taken or chosen by a menu item. 菜单：拍照或者相册发图。 */
  'event.pic_photo_or_album': { readonly EventKey: string; readonly SendPicsInfo: FieldValue };
  /** Photos chosen by a menu item. 菜单：微信相册发图。 */
  'event.pic_weixin': { readonly EventKey: string; readonly SendPicsInfo: FieldValue };
  /** A place chosen by a menu item. 菜单：地理位置选择器。 */
  'event.location_select': { readonly EventKey: string; readonly SendLocationInfo: FieldValue };
  /** The result of a template message. 模板消息发送结果。 */
  'event.templatesendjobfinish': { readonly MsgID: string; readonly Status: string };
  /** The result of a mass message. 群发结果。 */
  'event.masssendjobfinish': { readonly MsgID: string; readonly Status: string; readonly TotalCount: string; readonly FilterCount: string; readonly SentCount: string; readonly ErrorCount: string; readonly CopyrightCheckResult?: FieldValue; readonly ArticleUrlResult?: FieldValue };
  /** The result of a publication. 发布结果。 */
  'event.publishjobfinish': { readonly PublishEventInfo: FieldValue };
  /** A user opens a mini program’s customer service. 用户进入小程序客服会话。 */
  'event.user_enter_tempsession': { readonly SessionFrom: string };
  /** What a user chose in the dialog of subscription messages. 用户对订阅消息弹窗的选择。 */
  'event.subscribe_msg_popup_event': { readonly SubscribeMsgPopupEvent: FieldValue };
  /** A user changed subscription messages in the settings. 用户在设置里管理订阅消息。 */
  'event.subscribe_msg_change_event': { readonly SubscribeMsgChangeEvent: FieldValue };
  /** The result of a subscription message. 订阅消息发送结果。 */
  'event.subscribe_msg_sent_event': { readonly SubscribeMsgSentEvent: FieldValue };
  /** An agent’s session starts. 客服会话接入。 */
  'event.kf_create_session': { readonly KfAccount: string };
  /** An agent’s session ends. 客服会话关闭。 */
  'event.kf_close_session': { readonly KfAccount: string };
  /** A session goes to another agent. 客服会话转接。 */
  'event.kf_switch_session': { readonly FromKfAccount: string; readonly ToKfAccount: string };
  /** A mini program’s code passed its audit. 小程序代码审核通过。 */
  'event.weapp_audit_success': { readonly SuccTime: string };
  /** A mini program’s code failed its audit. 小程序代码审核不通过。 */
  'event.weapp_audit_fail': { readonly Reason: string; readonly FailTime: string; readonly ScreenShot?: string };
  /** The audit of a mini program’s code takes longer. 小程序代码审核延后。 */
  'event.weapp_audit_delay': { readonly Reason: string; readonly DelayTime: string };
  /** The audit of a mini program’s name. 小程序名称审核结果。 */
  'event.wxa_nickname_audit': { readonly ret: string; readonly nickname: string; readonly reason?: string };
  /** The audit of a mini program’s category. 小程序类目审核结果。 */
  'event.wxa_category_audit': { readonly ret: string; readonly first: string; readonly second: string; readonly reason?: string };
  /** The result of an application for a private API. 隐私接口申请结果。 */
  'event.wxa_privacy_apply': { readonly result_info: FieldValue };
  /** The result of a content check. 内容安全异步检测结果。 */
  'event.wxa_media_check': { readonly appid: string; readonly trace_id: string; readonly version: string; readonly result: FieldValue; readonly detail: FieldValue };
  /** The qualification was verified. 资质认证成功。 */
  'event.qualification_verify_success': { readonly ExpiredTime: string };
  /** The qualification was not verified. 资质认证失败。 */
  'event.qualification_verify_fail': { readonly FailTime: string; readonly FailReason: string };
  /** The name was verified. 名称认证成功。 */
  'event.naming_verify_success': { readonly ExpiredTime: string };
  /** The name was not verified. 名称认证失败。 */
  'event.naming_verify_fail': { readonly FailTime: string; readonly FailReason: string };
  /** The yearly verification is due. 年审通知。 */
  'event.annual_renew': { readonly ExpiredTime: string };
  /** The verification has expired. 认证过期失效。 */
  'event.verify_expired': { readonly ExpiredTime: string };
  /** An event of WeChat’s debugging tool. 官方调试工具发出的事件。 */
  'event.debug_demo': { readonly debug_str: string };
}

/** The types of notices, and of pushes that cannot be read. */
export type NoticeType =
  | 'authorizer.authorized'
  | 'authorizer.updated'
  | 'authorizer.unauthorized'
  | 'component.notify_third_fasteregister'
  | 'component.notify_third_fastregisterbetaapp'
  | 'component.notify_third_fastverifybetaapp'
  | 'component.notify_3rd_wxa_auth'
  | 'component.notify_3rd_wxa_wxverify'
  | 'component.notify_icpfiling_verify_result'
  | 'component.notify_apply_icpfiling_result'
  | 'component.notify_3rd_wxa_auth_and_icp'
  | 'subscription.paused'
  | 'release_check.finished'
  | 'unreadable';
