import { Failure } from '@wxthirdparty/wechat';
import type { AuthorizerState } from './authorizer.ts';

/** The merchant must consent again; `linkId`: the authorization link for it. */
export class ReauthorizeFailure extends Failure {
  readonly component: string;
  readonly state: AuthorizerState;
  readonly linkId: string | undefined;

  constructor(component: string, appid: string, state: AuthorizerState, linkId?: string) {
    const why = state === 'active' ? 'it has no refresh token' : `it is ${state}`;
    super('reauthorize', 'reauthorize', `Account ${appid} must authorize again (${why}).`);
    this.component = component;
    this.state = state;
    this.linkId = linkId;
  }
}
