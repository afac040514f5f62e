import { Caller, type Sent } from './caller.ts';
import type { Authorizer, Call } from './generated/api.ts';
import type { ComponentEndpoint } from './generated/endpoints.ts';
import type { Aborting } from './requests.ts';

/** The component itself, with APIs of its own. */
export class Component extends Caller<ComponentEndpoint> {
  /**
   * Exchanges the `auth_code` that WeChat added to your callback page, once, even if WeChat's push has brought it here already.
   * Returns the account that consented.
   */
  authorize(authCode: string, aborting: Aborting = {}): Promise<Authorizer> {
    return this.gateway.request('POST /v1/components/:appid/authorizations', {
      path: { appid: this.appid },
      body: { authCode },
      ...aborting,
    });
  }

  protected override send(sent: Sent): Promise<Call> {
    return this.gateway.request('POST /v1/components/:appid/calls', { path: { appid: this.appid }, ...sent });
  }
}
