import { type Deployment, SERVICE_ACCOUNT } from '../support/deployment.ts';
import { completed, startSync } from '../support/follower-syncs.ts';

/** A follower sync, a link for any account, and one for an account that authorizes again. */
export async function addSyncAndLinks(deployment: Deployment): Promise<void> {
  const { id } = await startSync(deployment, SERVICE_ACCOUNT);
  await completed(deployment, id);
  await createLink(deployment, {});
  await createLink(deployment, { bizAppid: SERVICE_ACCOUNT });
}

/** The path of the newest link in the console. */
export async function pathOfLink(deployment: Deployment): Promise<string> {
  const { body } = await deployment.api<{ items: { id: string }[] }>('GET', '/v1/authorization-links?limit=1');
  return `/links/${body.items[0]!.id}`;
}

async function createLink(deployment: Deployment, body: object): Promise<void> {
  const path = `/v1/components/${deployment.component.appid}/authorization-links`;
  const { status } = await deployment.api('POST', path, body);
  if (status !== 201) throw new Error(`no link was created: ${status}`);
}
