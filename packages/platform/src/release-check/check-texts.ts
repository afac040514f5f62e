import type { CheckCode, CheckStep, CheckStepName } from './release-check.ts';

export interface BothLanguages {
  readonly zh: string;
  readonly en: string;
}

/** What a step examines; shown for one that did not fail. */
const STEPS: Readonly<Record<CheckStepName, BothLanguages>> = {
  address: {
    zh: '从公网能否以 80 或 443 端口访问 PUBLIC_URL，且证书有效。',
    en: 'PUBLIC_URL can be reached from the internet on port 80 or 443, with a valid certificate.',
  },
  ticket: {
    zh: '推送到授权事件接收 URL 的票据在 5 秒内得到 success。',
    en: 'A ticket that is pushed to the event URL is answered success within 5 seconds.',
  },
  ready: {
    zh: '已有票据，能取得第三方平台的令牌和预授权码。',
    en: 'A ticket is held, and WeChat issues a component token and a pre-auth code.',
  },
  authorized: { zh: '微信的测试账号已授权。', en: "WeChat's test account has authorized." },
  text: {
    zh: '文本消息在 5 秒内得到加密的被动回复。',
    en: 'A text is answered within 5 seconds with an encrypted passive reply.',
  },
  event: {
    zh: '事件在 5 秒内得到加密的被动回复。',
    en: 'An event is answered within 5 seconds with an encrypted passive reply.',
  },
  api_text: {
    zh: '收到授权码后先回复空内容，再通过客服消息接口发送文本。',
    en: 'The code is answered with an empty body, and the text is sent by the customer message API.',
  },
  unauthorized: {
    zh: '微信的测试账号已取消授权，检测结束。',
    en: "WeChat's test account has ended its authorization, and so the check.",
  },
  configuration: { zh: '最近一次真实检测的结果。', en: 'The result of the last real check.' },
};

/** Why a step failed and what to do. */
const CODES: Readonly<Record<CheckCode, BothLanguages>> = {
  not_public: {
    zh: 'PUBLIC_URL 不是公网地址，微信无法访问。请改为公网域名。',
    en: 'PUBLIC_URL leads to an address that is not public, so WeChat cannot reach it. Set it to a public name.',
  },
  bad_certificate: {
    zh: 'PUBLIC_URL 的证书无效或已过期。请更换证书，并包含中间证书。',
    en: 'The certificate of PUBLIC_URL is not valid. Replace it; include the intermediate certificates.',
  },
  wrong_port: {
    zh: '微信只推送到 80（http）或 443（https）端口。请在该端口前置代理，并修改 PUBLIC_URL。',
    en: 'WeChat pushes only to port 80 (http) or 443 (https). Put a proxy on that port and change PUBLIC_URL.',
  },
  not_success: {
    zh: '回复不是 success。请检查代理是否把推送地址原样转发到网关，且不改写回复。',
    en: 'The answer was not success. Let the proxy pass the push URLs to the gateway and the answers back unchanged.',
  },
  too_slow: {
    zh: '5 秒内没有完整的回复。请检查代理、网关的负载，以及 Redis 的响应时间。',
    en: "There was no complete answer within 5 seconds. Check the proxy, the gateway's load and Redis' response time.",
  },
  signature_refused: {
    zh: '签名被拒绝：各进程的 WX_TOKEN 不一致，或与开放平台的“消息校验Token”不同。请设置为同一个值。',
    en: 'The signature was refused: WX_TOKEN differs between the processes, or from the 消息校验Token at the Open Platform. Set all to the same value.',
  },
  no_ticket: {
    zh: '没有有效的票据。请核对开放平台的授权事件接收 URL、Token 和密钥，票据每 10 分钟推送一次。',
    en: 'No valid ticket is held. Compare event URL, Token and key with the Open Platform; WeChat pushes a ticket every 10 minutes.',
  },
  ip_not_listed: {
    zh: '微信拒绝了本机的出口 IP（61004）。请把所有运行网关和 worker 的主机的出口 IP 加入开放平台的白名单。',
    en: "WeChat refused this host's address (61004). Add the public addresses of all hosts that run a gateway or worker to the IP list at the Open Platform.",
  },
  wrong_secret: {
    zh: 'AppSecret 不正确。请把 WX_COMPONENT_APPSECRET 设置为开放平台中的值。',
    en: 'The AppSecret is wrong. Set WX_COMPONENT_APPSECRET to the one at the Open Platform.',
  },
  not_ready: {
    zh: '微信拒绝颁发令牌或预授权码，原因见 got 中的错误码。',
    en: 'WeChat issued no token or pre-auth code; got has its error code.',
  },
  plain_reply: {
    zh: '回复没有加密。第三方平台的回复必须加密；请检查代理是否改写了回复。',
    en: 'The reply was not encrypted, which it must be. Check whether a proxy rewrites answers.',
  },
  wrong_text: {
    zh: '回复的内容与预期不同（见 expected 与 got）。',
    en: 'The reply has another text; compare expected and got.',
  },
  no_reply: {
    zh: '没有被动回复。请检查代理是否把消息接收 URL 原样转发到本版本的网关。',
    en: 'There was no passive reply. Let the proxy pass the message URL unchanged to gateways of this version.',
  },
  not_empty: {
    zh: '对授权码的回复不是空内容。请检查代理是否改写了回复。',
    en: 'The answer to the code was not empty. Check whether a proxy rewrites answers.',
  },
  no_worker: {
    zh: '没有 worker 处理任务。请启动 worker 或 node 进程。',
    en: 'No worker has taken the job. Start a worker or node process.',
  },
  queue_backlog: {
    zh: '任务仍在队列中等待：worker 过载。请增加 worker。',
    en: 'The job still waits in its queue: the workers are overloaded. Start more.',
  },
  not_received: {
    zh: '没有收到微信带授权码的消息。请核对开放平台的消息与事件接收 URL。',
    en: "WeChat's message with the code did not arrive. Compare the message URL at the Open Platform.",
  },
  exchange_failed: {
    zh: '授权码兑换失败，原因见 got。',
    en: 'The code could not be exchanged; got has the reason.',
  },
  send_failed: {
    zh: '客服消息发送失败，原因见 got。请确认已勾选消息管理权限集（1 或 19）。',
    en: 'The customer message was not sent; got has the reason. Select the message permission sets (1 or 19).',
  },
  last_check_failed: {
    zh: '最近一次真实检测未通过。修正其失败的步骤后再重新检测。',
    en: 'The last real check failed. Correct its failed steps before the next one.',
  },
  unreachable: {
    zh: '无法连接到 PUBLIC_URL。请检查域名解析、防火墙和代理。',
    en: 'PUBLIC_URL cannot be reached. Check the name, the firewall and the proxy.',
  },
};

export function detailOf({ name, code }: Pick<CheckStep, 'name' | 'code'>): BothLanguages {
  return code === null ? STEPS[name] : CODES[code];
}
