import { Caller, type Sent } from './caller.ts';
import type { Call } from './generated/api.ts';
import type { ComponentEndpoint } from './generated/endpoints.ts';

/** The component itself, with APIs of its own. */
export class Component extends Caller<ComponentEndpoint> {
  protected override send(sent: Sent): Promise<Call> {
    return this.gateway.request('POST /v1/components/:appid/calls', { path: { appid: this.appid }, ...sent });
  }
}
