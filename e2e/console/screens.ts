import { type Deployment, SERVICE_ACCOUNT } from '../support/deployment.ts';
import { pathOfLink } from './accounts-and-links.ts';
import { pathOfCall, pathOfDelivery, pathOfPush, pathOfSubscription } from './calls-and-pushes.ts';

/** What a screen needs to be full of data: ids that exist in the deployment. */
export interface Place {
  readonly deployment: Deployment;
}

export interface Screen {
  readonly name: string;
  readonly path: string | ((place: Place) => string | Promise<string>);
}

/** Every screen of the console. What is listed here is visited in both languages, both themes and two widths. */
export const screens: readonly Screen[] = [
  { name: 'overview', path: '/' },
  { name: 'component', path: ({ deployment }) => `/components/${deployment.component.appid}` },
  { name: 'accounts', path: '/accounts' },
  { name: 'accounts-no-hit', path: '/accounts?q=nothing' },
  ...(['overview', 'quotas', 'followers', 'calls', 'pushes', 'history'] as const).map((tab) => ({
    name: `account-${tab}`,
    path: `/accounts/${SERVICE_ACCOUNT}?tab=${tab}`,
  })),
  { name: 'syncs', path: '/syncs' },
  { name: 'links', path: '/links' },
  { name: 'link-new', path: '/links/new' },
  { name: 'link', path: ({ deployment }) => pathOfLink(deployment) },
  { name: 'calls', path: '/calls' },
  { name: 'call-refused', path: ({ deployment }) => pathOfCall(deployment, 'errcode=45015') },
  { name: 'call-unknown', path: ({ deployment }) => pathOfCall(deployment, 'code=outcome_unknown') },
  { name: 'subscriptions', path: '/pushes' },
  { name: 'journal', path: '/pushes?tab=journal' },
  { name: 'subscription', path: ({ deployment }) => pathOfSubscription(deployment) },
  { name: 'delivery', path: ({ deployment }) => pathOfDelivery(deployment) },
  { name: 'push', path: ({ deployment }) => pathOfPush(deployment) },
  { name: 'alarms', path: '/alarms' },
  { name: 'keys', path: '/keys' },
  { name: 'keys-new', path: '/keys/new' },
  { name: 'audit', path: '/keys?tab=audit' },
];
