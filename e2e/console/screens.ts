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
  /** What must exist so that it can be visited while its lists are empty; undefined: it is full whenever it exists. */
  readonly emptyWith?: 'nothing' | 'account' | 'subscription';
  /** Without the database it shows what it has read before. */
  readonly needsDatabase?: boolean;
  /** It is a form, which is the same whatever the API answers. */
  readonly isForm?: boolean;
}

export async function pathOf({ path }: Screen, place: Place): Promise<string> {
  return typeof path === 'string' ? path : await path(place);
}

/** Every screen of the console. What is listed here is visited in both languages, both themes and two widths. */
export const screens: readonly Screen[] = [
  { name: 'overview', path: '/', emptyWith: 'nothing' },
  {
    name: 'component',
    path: ({ deployment }) => `/components/${deployment.component.appid}`,
    emptyWith: 'nothing',
    needsDatabase: true,
  },
  { name: 'accounts', path: '/accounts', emptyWith: 'nothing', needsDatabase: true },
  { name: 'accounts-no-hit', path: '/accounts?q=nothing', needsDatabase: true },
  ...(['overview', 'quotas', 'followers', 'calls', 'pushes', 'history'] as const).map((tab) => ({
    name: `account-${tab}`,
    path: `/accounts/${SERVICE_ACCOUNT}?tab=${tab}`,
    emptyWith: 'account' as const,
    needsDatabase: true,
  })),
  { name: 'syncs', path: '/syncs', emptyWith: 'nothing', needsDatabase: true },
  { name: 'links', path: '/links', emptyWith: 'nothing', needsDatabase: true },
  { name: 'link-new', path: '/links/new', isForm: true },
  { name: 'link', path: ({ deployment }) => pathOfLink(deployment), needsDatabase: true },
  { name: 'calls', path: '/calls', emptyWith: 'nothing' },
  { name: 'call-refused', path: ({ deployment }) => pathOfCall(deployment, 'errcode=45015') },
  { name: 'call-unknown', path: ({ deployment }) => pathOfCall(deployment, 'code=outcome_unknown') },
  { name: 'subscriptions', path: '/pushes', emptyWith: 'nothing', needsDatabase: true },
  { name: 'journal', path: '/pushes?tab=journal', emptyWith: 'nothing', needsDatabase: true },
  {
    name: 'subscription',
    path: ({ deployment }) => pathOfSubscription(deployment),
    emptyWith: 'subscription',
    needsDatabase: true,
  },
  { name: 'delivery', path: ({ deployment }) => pathOfDelivery(deployment), needsDatabase: true },
  { name: 'push', path: ({ deployment }) => pathOfPush(deployment), needsDatabase: true },
  { name: 'alarms', path: '/alarms', emptyWith: 'nothing' },
  { name: 'keys', path: '/keys', emptyWith: 'nothing', needsDatabase: true },
  { name: 'keys-new', path: '/keys/new', isForm: true },
  { name: 'audit', path: '/keys?tab=audit', needsDatabase: true },
];
