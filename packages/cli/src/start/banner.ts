import { listFollowers } from './enrol.ts';

export interface Banner {
  readonly gatewayUrl: string;
  readonly redis: string;
  readonly logs: string;
  readonly admin: { readonly user: string; readonly password: string | undefined };
  readonly demo?: {
    readonly simulatorUrl: string;
    readonly apiKey: string;
    readonly appid: string;
    readonly secretsFile: string;
  };
}

/** What somebody who just started it wants to know; the last line is theirs to paste. */
export function banner({ gatewayUrl, redis, logs, admin, demo }: Banner): string {
  const board = `${gatewayUrl}/admin/queues`;
  const lines = [
    `wxthirdparty runs at ${gatewayUrl} (gateway and worker in one process); Ctrl-C stops it.`,
    `  Redis       ${redis}`,
    `  Bull Board  ${board}  ${admin.password === undefined ? '(closed: set ADMIN_PASSWORD to open it)' : `user ${admin.user}, password ${admin.password}`}`,
    `  logs        ${logs}`,
  ];
  if (!demo) return [...lines, `curl -s ${gatewayUrl}/readyz`].join('\n');
  return [
    ...lines,
    `  WeChat      simulated at ${demo.simulatorUrl}, with two demo accounts (set WX_COMPONENT_APPID for the real one)`,
    `  API key     ${demo.apiKey} (with the other demo secrets in ${demo.secretsFile})`,
    'List the followers of the demo account:',
    `curl -s ${gatewayUrl}/v1/authorizers/${demo.appid}/calls -H 'Authorization: Bearer ${demo.apiKey}' -H 'Content-Type: application/json' -d '${JSON.stringify(listFollowers)}'`,
  ].join('\n');
}
