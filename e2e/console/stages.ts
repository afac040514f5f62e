import { type Deployment, MINI_PROGRAM, SERVICE_ACCOUNT } from '../support/deployment.ts';
import { addSyncAndLinks } from './accounts-and-links.ts';
import { addCallsAndPushes, addSubscription } from './calls-and-pushes.ts';

/** What a deployment has, each with all that are before it. `full`: every screen has something to show. */
export type Stage = 'nothing' | 'account' | 'subscription' | 'full';

const steps: Readonly<Record<Stage, (deployment: Deployment) => Promise<void>>> = {
  nothing: (deployment) => deployment.ready(),
  account: (deployment) => deployment.authorized(SERVICE_ACCOUNT),
  subscription: addSubscription,
  full: async (deployment) => {
    await deployment.authorized(MINI_PROGRAM);
    await addCallsAndPushes(deployment);
    await addSyncAndLinks(deployment);
    await addKey(deployment);
  },
};

const order = Object.keys(steps) as Stage[];

/** Gives a deployment that has what is in `has` what is missing until the stage, and returns what it has then. */
export async function reach(stage: Stage, deployment: Deployment, has: readonly Stage[] = []): Promise<Stage[]> {
  const needed = order.slice(0, order.indexOf(stage) + 1);
  for (const one of needed) if (!has.includes(one)) await steps[one](deployment);
  return needed;
}

async function addKey(deployment: Deployment): Promise<void> {
  const key = { name: 'crm', scopes: ['calls', 'authorizers:read'], accounts: [SERVICE_ACCOUNT] };
  const { status } = await deployment.api('POST', '/v1/keys', key);
  if (status !== 201) throw new Error(`no key was created: ${status}`);
}
