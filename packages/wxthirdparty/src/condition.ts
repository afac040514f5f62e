import { ThirdpartyError } from './thirdparty-error.ts';

/** Whether the component can act, in the words of 2015. */
export type Condition =
  | { readonly state: 'ready' }
  /** Something is missing, or has expired, or the gateway does not answer. */
  | { readonly state: 'not_ready' | 'outdated' | 'db_error'; readonly error: ThirdpartyError };

/** What `GET /v1/status` says of one component. */
export interface ComponentStatus {
  readonly appid: string;
  readonly ready: boolean;
  readonly reasons: readonly string[];
  readonly token: { readonly expiresAt: string | null } | null;
}

/** `not_ready`: no ticket or token has ever arrived. `outdated`: it has expired. */
export function conditionOf(components: readonly ComponentStatus[], component: string): Condition {
  const status = components.find(({ appid }) => appid === component);
  if (status === undefined) {
    const error = new ThirdpartyError(`The gateway does not run the component ${component}.`, {
      code: 'unknown_component',
      remedy: 'operator',
    });
    return { state: 'not_ready', error };
  }
  if (status.ready) return { state: 'ready' };
  const { reasons, token } = status;
  const error = new ThirdpartyError(`Component ${component} cannot act now: ${reasons.join(', ')}.`, {
    code: 'not_ready',
    remedy: 'retry',
    reasons,
  });
  const hadToken = token !== null && token.expiresAt !== null;
  const expired = reasons.includes('ticket_expired') || (reasons.includes('component_token_failing') && hadToken);
  return { state: !reasons.includes('no_ticket') && expired ? 'outdated' : 'not_ready', error };
}
