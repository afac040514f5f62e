import { Deployment, MINI_PROGRAM, SERVICE_ACCOUNT } from '../support/deployment.ts';
import { addSyncAndLinks } from './accounts-and-links.ts';
import { addCallsAndPushes } from './calls-and-pushes.ts';

/** A deployment in which every screen has something to show: accounts, calls, failures, pushes. */
export async function openFullDeployment(): Promise<Deployment> {
  const deployment = await Deployment.open({ nodes: 1 });
  try {
    await deployment.authorized(SERVICE_ACCOUNT);
    await deployment.authorized(MINI_PROGRAM);
    await addCallsAndPushes(deployment);
    await addSyncAndLinks(deployment);
    return deployment;
  } catch (error) {
    await deployment.close();
    throw error;
  }
}
