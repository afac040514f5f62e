import { isLoopback } from './addresses.ts';
import { listFollowers } from './authorize-demo-accounts.ts';

export interface Banner {
  readonly gatewayUrl: string;
  readonly redis: string;
  readonly logs: string;
  /** `isMade`: by the demo, not by the operator. */
  readonly admin: { readonly user: string; readonly password: string | undefined; readonly isMade: boolean };
  /** The state of the components at the real WeChat. */
  readonly status: readonly string[];
  readonly demo?: {
    readonly simulatorUrl: string;
    /** Where a merchant consents. */
    readonly consentUrl: string;
    /** The host of WeChat's pages, for browsers. */
    readonly pagesUrl: string;
    readonly apiKey: string;
    readonly appid: string;
    readonly secretsFile: string;
    /** How many there are. */
    readonly accounts: number;
  };
}

/** What an operator needs to know after the start, the console first. In demo mode the last line is a complete command. */
export function banner({ gatewayUrl, redis, logs, admin, status, demo }: Banner): string {
  const lines = [
    `Console 控制台  ${gatewayUrl}/admin  ${login(admin, demo?.secretsFile)}`,
    `wxthirdparty runs at ${gatewayUrl}/ – open it in a browser for the status and the API reference. Ctrl-C stops it.`,
    `  Redis       ${redis}`,
    `  Bull Board  ${gatewayUrl}/admin/queues, ${admin.password === undefined ? 'closed' : 'with the same user'}`,
    `  logs        ${logs}`,
  ];
  if (!demo) return [...lines, `Status (GET ${gatewayUrl}/v1/status):`, ...status].join('\n');
  return [
    ...lines,
    `  WeChat      simulated at ${demo.simulatorUrl}, with ${demo.accounts} demo accounts (set WX_COMPONENT_APPID for the real one)`,
    `  API key     ${demo.apiKey} (with the other demo secrets in ${demo.secretsFile})`,
    `  consent     ${demo.consentUrl} – open it in a browser ${reachOf(demo)}`,
    'List the followers of the demo account:',
    // Without --noproxy, a shell with a proxy would use it for this machine.
    `curl -s --noproxy '*' ${gatewayUrl}/v1/authorizers/${demo.appid}/calls -H 'Authorization: Bearer ${demo.apiKey}' -H 'Content-Type: application/json' -d '${JSON.stringify(listFollowers)}'`,
  ].join('\n');
}

/** Both hosts must be reachable: the gateway's page leads to WeChat's. */
function reachOf({ consentUrl, pagesUrl }: NonNullable<Banner['demo']>): string {
  const isLocal = [consentUrl, pagesUrl].some((url) => isLoopback(new URL(url).hostname));
  if (isLocal) return 'on this machine (start with HOST=0.0.0.0 for a phone or another computer of your network)';
  return `on this machine, a phone or another computer of your network; it leads to WeChat's page at ${new URL(pagesUrl).origin}`;
}

/** The operator's own password is not printed, because the output may be logged. */
function login({ user, password, isMade }: Banner['admin'], secretsFile: string | undefined): string {
  if (password === undefined) return 'sign in with an API key 用 API 密钥登录 (or set 或设置 ADMIN_PASSWORD)';
  const shown = isMade ? `${password} (in 见 ${secretsFile})` : 'as in 见 ADMIN_PASSWORD';
  return `user 用户 ${user}, password 密码 ${shown}`;
}
