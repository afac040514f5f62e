// Made by `npm run generate`. Do not edit.

/** What an account that authorized you can be asked for. */
export type AuthorizerEndpoint =
  /** 获取授权方选项信息 (docs disagree on the token) */
  | 'POST /cgi-bin/component/get_authorizer_option'
  /** 设置授权方选项信息 (docs disagree on the token) */
  | 'POST /cgi-bin/component/set_authorizer_option'
  /** 重置API调用次数 (component token clears the component; 10 per month) */
  | 'POST /cgi-bin/clear_quota'
  /** 查询API调用额度 (component token for component APIs) */
  | 'POST /cgi-bin/openapi/quota/get'
  /** 查询rid信息 (component token for component rids) */
  | 'POST /cgi-bin/openapi/rid/get'
  /** 获取微信推送服务器IP (authorizer token also accepted) */
  | 'GET /cgi-bin/getcallbackip'
  /** 获取微信API服务器IP (authorizer token also accepted) */
  | 'GET /cgi-bin/get_api_domain_ip'
  /** 网络通信检测 */
  | 'POST /cgi-bin/callback/check'
  /** 修改试用小程序名称 */
  | 'POST /wxa/setbetaweappnickname'
  /** 试用小程序快速认证 */
  | 'POST /wxa/verifybetaweapp'
  /** 复用公众号主体快速注册小程序 */
  | 'POST /cgi-bin/account/fastregister'
  /** 网页授权获取用户信息 */
  | 'GET /sns/userinfo'
  /** 检验网页授权凭证 */
  | 'GET /sns/auth'
  /** 开放平台账号管理 */
  | 'POST /cgi-bin/open/create'
  /** 开放平台账号管理 */
  | 'POST /cgi-bin/open/bind'
  /** 开放平台账号管理 */
  | 'POST /cgi-bin/open/unbind'
  /** 开放平台账号管理 */
  | 'POST /cgi-bin/open/get'
  /** 查询是否绑定开放平台账号 */
  | 'GET /cgi-bin/open/have'
  /** 获取关注用户列表 */
  | 'GET /cgi-bin/user/get'
  /** 获取用户基本信息 */
  | 'GET /cgi-bin/user/info'
  /** 批量获取用户基本信息 (max 100) */
  | 'POST /cgi-bin/user/info/batchget'
  /** 设置用户备注名 */
  | 'POST /cgi-bin/user/info/updateremark'
  /** 转换openid */
  | 'POST /cgi-bin/changeopenid'
  /** 获取标签下粉丝列表 */
  | 'POST /cgi-bin/user/tag/get'
  /** 创建标签 */
  | 'POST /cgi-bin/tags/create'
  /** 获取标签 */
  | 'GET /cgi-bin/tags/get'
  /** 编辑标签 */
  | 'POST /cgi-bin/tags/update'
  /** 删除标签 */
  | 'POST /cgi-bin/tags/delete'
  /** 批量为用户打标签 (max 50) */
  | 'POST /cgi-bin/tags/members/batchtagging'
  /** 批量为用户取消标签 */
  | 'POST /cgi-bin/tags/members/batchuntagging'
  /** 获取用户身上的标签列表 */
  | 'POST /cgi-bin/tags/getidlist'
  /** 获取黑名单列表 */
  | 'POST /cgi-bin/tags/members/getblacklist'
  /** 拉黑用户 (max 20) */
  | 'POST /cgi-bin/tags/members/batchblacklist'
  /** 取消拉黑 */
  | 'POST /cgi-bin/tags/members/batchunblacklist'
  /** 创建自定义菜单 */
  | 'POST /cgi-bin/menu/create'
  /** 获取自定义菜单 */
  | 'GET /cgi-bin/menu/get'
  /** 删除自定义菜单 */
  | 'GET /cgi-bin/menu/delete'
  /** 创建个性化菜单 */
  | 'POST /cgi-bin/menu/addconditional'
  /** 删除个性化菜单 */
  | 'POST /cgi-bin/menu/delconditional'
  /** 测试个性化菜单 */
  | 'POST /cgi-bin/menu/trymatch'
  /** 查询自定义菜单信息 */
  | 'GET /cgi-bin/get_current_selfmenu_info'
  /** 获取自动回复规则 */
  | 'GET /cgi-bin/get_current_autoreply_info'
  /** 发送客服消息 */
  | 'POST /cgi-bin/message/custom/send'
  /** 客服输入状态 */
  | 'POST /cgi-bin/message/custom/typing'
  /** 获取所有客服账号 */
  | 'GET /cgi-bin/customservice/getkflist'
  /** 获取在线客服列表 */
  | 'GET /cgi-bin/customservice/getonlinekflist'
  /** 添加客服账号 */
  | 'POST /customservice/kfaccount/add'
  /** 修改客服账号 */
  | 'POST /customservice/kfaccount/update'
  /** 删除客服账号 */
  | 'GET /customservice/kfaccount/del'
  /** 邀请绑定客服账号 */
  | 'POST /customservice/kfaccount/inviteworker'
  /** 设置客服头像 */
  | 'POST /customservice/kfaccount/uploadheadimg'
  /** 创建会话 */
  | 'POST /customservice/kfsession/create'
  /** 关闭会话 */
  | 'POST /customservice/kfsession/close'
  /** 获取客户会话状态 */
  | 'GET /customservice/kfsession/getsession'
  /** 获取客服会话列表 */
  | 'GET /customservice/kfsession/getsessionlist'
  /** 获取未接入会话列表 */
  | 'GET /customservice/kfsession/getwaitcase'
  /** 获取聊天记录 */
  | 'POST /customservice/msgrecord/getmsglist'
  /** 发送模板消息 */
  | 'POST /cgi-bin/message/template/send'
  /** 设置所属行业 */
  | 'POST /cgi-bin/template/api_set_industry'
  /** 获取行业信息 */
  | 'GET /cgi-bin/template/get_industry'
  /** 添加模板 */
  | 'POST /cgi-bin/template/api_add_template'
  /** 获取模板列表 */
  | 'GET /cgi-bin/template/get_all_private_template'
  /** 删除模板 */
  | 'POST /cgi-bin/template/del_private_template'
  /** 发送订阅通知 */
  | 'POST /cgi-bin/message/subscribe/bizsend'
  /** 根据标签群发 */
  | 'POST /cgi-bin/message/mass/sendall'
  /** 根据OpenID群发 */
  | 'POST /cgi-bin/message/mass/send'
  /** 预览消息 */
  | 'POST /cgi-bin/message/mass/preview'
  /** 查询群发状态 */
  | 'POST /cgi-bin/message/mass/get'
  /** 删除群发 */
  | 'POST /cgi-bin/message/mass/delete'
  /** 获取群发速度 */
  | 'POST /cgi-bin/message/mass/speed/get'
  /** 设置群发速度 */
  | 'POST /cgi-bin/message/mass/speed/set'
  /** 新增临时素材 */
  | 'POST /cgi-bin/media/upload'
  /** 获取临时素材 */
  | 'GET /cgi-bin/media/get'
  /** 高清语音素材 */
  | 'GET /cgi-bin/media/get/jssdk'
  /** 上传图文消息图片 */
  | 'POST /cgi-bin/media/uploadimg'
  /** 上传图文消息素材 */
  | 'POST /cgi-bin/media/uploadnews'
  /** 新增永久素材 */
  | 'POST /cgi-bin/material/add_material'
  /** 获取永久素材 (binary or JSON) */
  | 'POST /cgi-bin/material/get_material'
  /** 删除永久素材 */
  | 'POST /cgi-bin/material/del_material'
  /** 获取素材总数 */
  | 'GET /cgi-bin/material/get_materialcount'
  /** 获取素材列表 */
  | 'POST /cgi-bin/material/batchget_material'
  /** 草稿箱 */
  | 'POST /cgi-bin/draft/add'
  /** 草稿箱 */
  | 'POST /cgi-bin/draft/get'
  /** 草稿箱 */
  | 'POST /cgi-bin/draft/delete'
  /** 草稿箱 */
  | 'POST /cgi-bin/draft/update'
  /** 草稿箱 */
  | 'POST /cgi-bin/draft/batchget'
  /** 草稿箱 */
  | 'GET /cgi-bin/draft/count'
  /** 发布能力 */
  | 'POST /cgi-bin/freepublish/submit'
  /** 发布能力 */
  | 'POST /cgi-bin/freepublish/get'
  /** 发布能力 */
  | 'POST /cgi-bin/freepublish/delete'
  /** 发布能力 */
  | 'POST /cgi-bin/freepublish/getarticle'
  /** 发布能力 */
  | 'POST /cgi-bin/freepublish/batchget'
  /** 图文消息留言管理 */
  | 'POST /cgi-bin/comment/open'
  /** 图文消息留言管理 */
  | 'POST /cgi-bin/comment/close'
  /** 图文消息留言管理 */
  | 'POST /cgi-bin/comment/list'
  /** 图文消息留言管理 */
  | 'POST /cgi-bin/comment/markelect'
  /** 图文消息留言管理 */
  | 'POST /cgi-bin/comment/unmarkelect'
  /** 图文消息留言管理 */
  | 'POST /cgi-bin/comment/delete'
  /** 图文消息留言管理 */
  | 'POST /cgi-bin/comment/reply/add'
  /** 图文消息留言管理 */
  | 'POST /cgi-bin/comment/reply/delete'
  /** 生成带参数的二维码 */
  | 'POST /cgi-bin/qrcode/create'
  /** 短key托管 */
  | 'POST /cgi-bin/shorten/gen'
  /** 短key托管 */
  | 'POST /cgi-bin/shorten/fetch'
  /** JS-SDK */
  | 'GET /cgi-bin/ticket/getticket'
  /** 数据统计 (max span 7 days) */
  | 'POST /datacube/getusersummary'
  /** 数据统计 (max span 7 days) */
  | 'POST /datacube/getusercumulate'
  /** 数据统计 (max span 1 days) */
  | 'POST /datacube/getarticlesummary'
  /** 数据统计 (max span 1 days) */
  | 'POST /datacube/getarticletotal'
  /** 数据统计 (max span 3 days) */
  | 'POST /datacube/getuserread'
  /** 数据统计 (max span 1 days) */
  | 'POST /datacube/getuserreadhour'
  /** 数据统计 (max span 7 days) */
  | 'POST /datacube/getusershare'
  /** 数据统计 (max span 1 days) */
  | 'POST /datacube/getusersharehour'
  /** 数据统计 (max span 7 days) */
  | 'POST /datacube/getupstreammsg'
  /** 数据统计 (max span 1 days) */
  | 'POST /datacube/getupstreammsghour'
  /** 数据统计 (max span 30 days) */
  | 'POST /datacube/getupstreammsgweek'
  /** 数据统计 (max span 30 days) */
  | 'POST /datacube/getupstreammsgmonth'
  /** 数据统计 (max span 15 days) */
  | 'POST /datacube/getupstreammsgdist'
  /** 数据统计 (max span 30 days) */
  | 'POST /datacube/getupstreammsgdistweek'
  /** 数据统计 (max span 30 days) */
  | 'POST /datacube/getupstreammsgdistmonth'
  /** 数据统计 (max span 30 days) */
  | 'POST /datacube/getinterfacesummary'
  /** 数据统计 (max span 1 days) */
  | 'POST /datacube/getinterfacesummaryhour'
  /** 上传代码并生成体验版 */
  | 'POST /wxa/commit'
  /** 获取已上传的代码页面列表 */
  | 'GET /wxa/get_page'
  /** 获取体验版二维码 */
  | 'GET /wxa/get_qrcode'
  /** 获取类目名称信息 */
  | 'GET /wxa/get_category'
  /** 获取隐私接口检测结果 */
  | 'GET /wxa/security/get_code_privacy_info'
  /** 上传提审素材 */
  | 'POST /wxa/uploadmedia'
  /** 提交代码审核 */
  | 'POST /wxa/submit_audit'
  /** 查询审核单状态 */
  | 'POST /wxa/get_auditstatus'
  /** 查询最新一次审核单状态 */
  | 'GET /wxa/get_latest_auditstatus'
  /** 撤回代码审核 (and 10 per month) */
  | 'GET /wxa/undocodeaudit'
  /** 加急代码审核 */
  | 'POST /wxa/speedupaudit'
  /** 查询服务商审核额度 */
  | 'GET /wxa/queryquota'
  /** 发布已通过审核的小程序 */
  | 'POST /wxa/release'
  /** 小程序版本回退 */
  | 'GET /wxa/revertcoderelease'
  /** 分阶段发布 */
  | 'POST /wxa/grayrelease'
  /** 获取分阶段发布详情 */
  | 'GET /wxa/getgrayreleaseplan'
  /** 取消分阶段发布 */
  | 'GET /wxa/revertgrayrelease'
  /** 设置小程序服务状态 */
  | 'POST /wxa/change_visitstatus'
  /** 查询小程序服务状态 */
  | 'POST /wxa/getvisitstatus'
  /** 查询小程序版本信息 */
  | 'POST /wxa/getversioninfo'
  /** 查询各版本用户占比 */
  | 'POST /cgi-bin/wxopen/getweappsupportversion'
  /** 设置最低基础库版本 */
  | 'POST /cgi-bin/wxopen/setweappsupportversion'
  /** 配置小程序服务器域名 */
  | 'POST /wxa/modify_domain'
  /** 快速配置小程序服务器域名 */
  | 'POST /wxa/modify_domain_directly'
  /** 配置小程序业务域名 */
  | 'POST /wxa/setwebviewdomain'
  /** 快速配置小程序业务域名 */
  | 'POST /wxa/setwebviewdomain_directly'
  /** 获取业务域名校验文件 */
  | 'POST /wxa/get_webviewdomain_confirmfile'
  /** 获取发布后生效服务器域名列表 */
  | 'POST /wxa/get_effective_domain'
  /** 获取发布后生效业务域名列表 */
  | 'POST /wxa/get_effective_webviewdomain'
  /** 设置DNS预解析域名 */
  | 'POST /wxa/set_prefetchdnsdomain'
  /** 获取DNS预解析域名 */
  | 'GET /wxa/get_prefetchdnsdomain'
  /** 绑定体验者 */
  | 'POST /wxa/bind_tester'
  /** 解绑体验者 */
  | 'POST /wxa/unbind_tester'
  /** 获取体验者列表 */
  | 'POST /wxa/memberauth'
  /** 获取基本信息 */
  | 'GET /cgi-bin/account/getaccountbasicinfo'
  /** 设置小程序名称 */
  | 'POST /wxa/setnickname'
  /** 查询小程序名称审核状态 */
  | 'POST /wxa/api_wxa_querynickname'
  /** 小程序名称检测 */
  | 'POST /cgi-bin/wxverify/checkwxverifynickname'
  /** 修改头像 */
  | 'POST /cgi-bin/account/modifyheadimage'
  /** 设置小程序介绍 */
  | 'POST /cgi-bin/account/modifysignature'
  /** 换绑小程序管理员 */
  | 'POST /cgi-bin/account/componentrebindadmin'
  /** 获取可设置的所有类目 */
  | 'GET /cgi-bin/wxopen/getallcategories'
  /** 添加类目 */
  | 'POST /cgi-bin/wxopen/addcategory'
  /** 删除类目 */
  | 'POST /cgi-bin/wxopen/deletecategory'
  /** 获取已设置的所有类目 */
  | 'GET /cgi-bin/wxopen/getcategory'
  /** 修改类目资质信息 */
  | 'POST /cgi-bin/wxopen/modifycategory'
  /** 设置搜索状态 */
  | 'POST /wxa/changewxasearchstatus'
  /** 获取搜索状态 */
  | 'GET /wxa/getwxasearchstatus'
  /** 获取展示的公众号信息 */
  | 'GET /wxa/getshowwxaitem'
  /** 设置展示的公众号信息 */
  | 'POST /wxa/updateshowwxaitem'
  /** 设置小程序用户隐私保护指引 */
  | 'POST /cgi-bin/component/setprivacysetting'
  /** 获取小程序用户隐私保护指引 */
  | 'POST /cgi-bin/component/getprivacysetting'
  /** 上传用户隐私保护指引文件 */
  | 'POST /cgi-bin/component/uploadprivacyextfile'
  /** 获取隐私接口列表 */
  | 'GET /wxa/security/get_privacy_interface'
  /** 申请隐私接口 */
  | 'POST /wxa/security/apply_privacy_interface'
  /** 关联小程序管理 */
  | 'POST /cgi-bin/wxopen/wxamplinkget'
  /** 关联小程序管理 */
  | 'POST /cgi-bin/wxopen/wxamplink'
  /** 关联小程序管理 */
  | 'POST /cgi-bin/wxopen/wxampunlink'
  /** 普通链接二维码 */
  | 'POST /cgi-bin/wxopen/qrcodejumpadd'
  /** 普通链接二维码 */
  | 'POST /cgi-bin/wxopen/qrcodejumpget'
  /** 普通链接二维码 */
  | 'POST /cgi-bin/wxopen/qrcodejumpdownload'
  /** 普通链接二维码 */
  | 'POST /cgi-bin/wxopen/qrcodejumpdelete'
  /** 普通链接二维码 */
  | 'POST /cgi-bin/wxopen/qrcodejumppublish'
  /** 获取手机号 */
  | 'POST /wxa/business/getuserphonenumber'
  /** 获取不限制的小程序码 (5000/min; image) */
  | 'POST /wxa/getwxacodeunlimit'
  /** 获取小程序码 (image) */
  | 'POST /wxa/getwxacode'
  /** 获取小程序二维码 (image) */
  | 'POST /cgi-bin/wxaapp/createwxaqrcode'
  /** 获取scheme码 */
  | 'POST /wxa/generatescheme'
  /** 获取URL Link */
  | 'POST /wxa/generate_urllink'
  /** 获取ShortLink */
  | 'POST /wxa/genwxashortlink'
  /** 发送订阅消息 */
  | 'POST /cgi-bin/message/subscribe/send'
  /** 订阅消息模板管理 */
  | 'GET /wxaapi/newtmpl/gettemplate'
  /** 订阅消息模板管理 */
  | 'POST /wxaapi/newtmpl/addtemplate'
  /** 订阅消息模板管理 */
  | 'POST /wxaapi/newtmpl/deltemplate'
  /** 订阅消息模板管理 */
  | 'GET /wxaapi/newtmpl/getcategory'
  /** 订阅消息模板管理 */
  | 'GET /wxaapi/newtmpl/getpubtemplatetitles'
  /** 订阅消息模板管理 */
  | 'GET /wxaapi/newtmpl/getpubtemplatekeywords'
  /** 文本内容安全识别 (4000/min) */
  | 'POST /wxa/msg_sec_check'
  /** 音视频内容安全识别 */
  | 'POST /wxa/media_check_async'
  /** 图片内容安全识别 */
  | 'POST /wxa/img_sec_check'
  /** 插件管理 */
  | 'POST /wxa/plugin'
  /** 小程序数据分析 */
  | 'POST /datacube/getweanalysisappiddailysummarytrend'
  /** 小程序数据分析 */
  | 'POST /datacube/getweanalysisappiddailyvisittrend'
  /** 小程序数据分析 */
  | 'POST /datacube/getweanalysisappidweeklyvisittrend'
  /** 小程序数据分析 */
  | 'POST /datacube/getweanalysisappidmonthlyvisittrend'
  /** 小程序数据分析 */
  | 'POST /datacube/getweanalysisappidvisitdistribution'
  /** 小程序数据分析 */
  | 'POST /datacube/getweanalysisappiddailyretaininfo'
  /** 小程序数据分析 */
  | 'POST /datacube/getweanalysisappidvisitpage'
  /** 小程序数据分析 */
  | 'POST /datacube/getweanalysisappiduserportrait'
  /** 小程序认证 */
  | 'POST /wxa/sec/wxaauth'
  /** 小程序认证进度查询 */
  | 'POST /wxa/sec/queryauth'
  /** 申请小程序备案 */
  | 'POST /wxa/icp/apply_icp_filing'
  /** 获取小程序备案状态及驳回原因 */
  | 'GET /wxa/icp/get_icp_entrance_info';

/** What the component itself can be asked for. */
export type ComponentEndpoint =
  /** 获取授权账号详情 */
  | 'POST /cgi-bin/component/api_get_authorizer_info'
  /** 拉取已授权的账号信息 */
  | 'POST /cgi-bin/component/api_get_authorizer_list'
  /** 获取授权方选项信息 (2.0) */
  | 'POST /cgi-bin/component/api_get_authorizer_option'
  /** 设置授权方选项信息 (2.0) */
  | 'POST /cgi-bin/component/api_set_authorizer_option'
  /** 第三方平台接口调用次数清零 (old) */
  | 'POST /cgi-bin/component/clear_quota'
  /** 重置API调用次数 (component token clears the component; 10 per month) */
  | 'POST /cgi-bin/clear_quota'
  /** 查询API调用额度 (component token for component APIs) */
  | 'POST /cgi-bin/openapi/quota/get'
  /** 查询rid信息 (component token for component rids) */
  | 'POST /cgi-bin/openapi/rid/get'
  /** 获取微信推送服务器IP (authorizer token also accepted) */
  | 'GET /cgi-bin/getcallbackip'
  /** 获取微信API服务器IP (authorizer token also accepted) */
  | 'GET /cgi-bin/get_api_domain_ip'
  /** 设置第三方平台服务器域名 */
  | 'POST /cgi-bin/component/modify_wxa_server_domain'
  /** 设置第三方平台业务域名 */
  | 'POST /cgi-bin/component/modify_wxa_jump_domain'
  /** 获取第三方平台业务域名校验文件 */
  | 'POST /cgi-bin/component/get_domain_confirmfile'
  /** 获取草稿箱列表 */
  | 'GET /wxa/gettemplatedraftlist'
  /** 将草稿添加到模板库 */
  | 'POST /wxa/addtotemplate'
  /** 获取模板列表 */
  | 'GET /wxa/gettemplatelist'
  /** 删除代码模板 */
  | 'POST /wxa/deletetemplate'
  /** 快速注册企业小程序 */
  | 'POST /cgi-bin/component/fastregisterweapp?action=create'
  /** 快速注册企业小程序 */
  | 'POST /cgi-bin/component/fastregisterweapp?action=search'
  /** 快速注册个人小程序 */
  | 'POST /wxa/component/fastregisterpersonalweapp?action=create'
  /** 快速注册个人小程序 */
  | 'POST /wxa/component/fastregisterpersonalweapp?action=query'
  /** 注册试用小程序 */
  | 'POST /wxa/component/fastregisterbetaweapp'
  /** 代公众号发起网页授权 */
  | 'GET /sns/oauth2/component/access_token'
  /** 代公众号发起网页授权 */
  | 'GET /sns/oauth2/component/refresh_token'
  /** 小程序登录 (45011: 100 per user and minute) */
  | 'GET /sns/component/jscode2session'
  /** 申请设置订单页path信息 */
  | 'POST /wxa/security/applysetorderpathinfo';
