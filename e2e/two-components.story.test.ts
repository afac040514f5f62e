import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Browser } from './support/browser.ts';
import { databaseEnv, databases } from './support/database.ts';
import { Deployment, MINI_PROGRAM, SERVICE_ACCOUNT } from './support/deployment.ts';
import { until } from './support/until.ts';

interface Authorizer {
  readonly appid: string;
  readonly component: string;
  readonly state: string;
  readonly scopes: number[];
  readonly handle: string;
}
describe.each(databases)('on %s', (kind) => {
  let deployment: Deployment;
  let one: string;
  let other: string;
  beforeAll(async () => {
    deployment = await Deployment.open({ components: 2, env: await databaseEnv(kind) });
    [one = '', other = ''] = deployment.components.map(({ appid }) => appid);
    await deployment.authorized(SERVICE_ACCOUNT, one);
    await deployment.authorized(SERVICE_ACCOUNT, other);
  });
  afterAll(() => deployment?.close());

  const under = async (component: string, path = `/v1/authorizers/${SERVICE_ACCOUNT}`) =>
    (await deployment.api<Authorizer>('GET', `${path}?component=${component}`)).body;
  const call = (component: string) =>
    deployment.api<{ state: string; code?: string }>(
      'POST',
      `/v1/authorizers/${SERVICE_ACCOUNT}/calls?component=${component}`,
      {
        method: 'GET',
        path: '/cgi-bin/user/get',
      },
    );
  const minted = async (component: string) =>
    (await deployment.wechat.counters()).minted[`authorizer:${component}/${SERVICE_ACCOUNT}`] ?? 0;

  describe('one account under two components', () => {
    it('is ambiguous in a request that does not name the component', async () => {
      for (const path of ['', '/history', '/options/location_report']) {
        const { status, body } = await deployment.api('GET', `/v1/authorizers/${SERVICE_ACCOUNT}${path}`);
        expect([path, status, body.code]).toEqual([path, 409, 'ambiguous_component']);
      }
      expect((await deployment.call(SERVICE_ACCOUNT, { method: 'GET', path: '/cgi-bin/user/get' })).body.code).toBe(
        'ambiguous_component',
      );
      expect((await deployment.api('POST', '/v1/authorizers/reconcile')).body.code).toBe('ambiguous_component');
      const token = (appid: string) =>
        fetch(
          `${deployment.gatewayUrl()}/cgi-bin/token?grant_type=client_credential&appid=${appid}&secret=${deployment.apiKey}`,
        ).then((response) => response.json());
      expect(await token(SERVICE_ACCOUNT)).toMatchObject({ errcode: 61003 });
      expect(await token(`${other}:${SERVICE_ACCOUNT}`)).toMatchObject({ expires_in: 7200 });
      const [mine, theirs] = [await under(one), await under(other)];
      expect([mine.component, theirs.component]).toEqual([one, other]);
      expect(mine.handle).not.toBe(theirs.handle);
      const listed = await deployment.api<{ items: Authorizer[] }>('GET', '/v1/authorizers');
      expect(listed.body.items.map(({ component }) => component).sort()).toEqual([one, other].sort());
    });

    it('has two tokens, and a refusal of one does not affect the other', async () => {
      expect((await call(one)).body.state).toBe('completed');
      expect((await call(other)).body.state).toBe('completed');
      const before = [await minted(one), await minted(other)];
      await deployment.wechat.control('POST', '/expire', {
        token: 'authorizer',
        appid: SERVICE_ACCOUNT,
        component: one,
      });
      expect((await call(one)).body.state).toBe('completed');
      expect((await call(other)).body.state).toBe('completed');
      expect([await minted(one), await minted(other)]).toEqual([before[0]! + 1, before[1]]);
    });

    it('has two consents: the revocation of one does not affect the other', async () => {
      await deployment.wechat.control('POST', '/unauthorize', { appid: SERVICE_ACCOUNT, component: one });
      await until('revoked under the one', async () => (await under(one)).state === 'revoked');
      expect((await under(other)).state).toBe('active');
      const refused = await call(one);
      expect([refused.status, refused.body.code]).toEqual([409, 'reauthorize']);
      const { authorizationUrl } = refused.body as unknown as { authorizationUrl: string };
      expect(authorizationUrl).toContain(`/authorize/${one}?`);
      expect((await call(other)).body.state).toBe('completed');
      const history = (component: string) =>
        deployment.api<{ items: { event: string }[] }>(
          'GET',
          `/v1/authorizers/${SERVICE_ACCOUNT}/history?component=${component}`,
        );
      expect((await history(one)).body.items[0]?.event).toBe('revoked');
      // A reconciliation at the start may have seen the account before its code was exchanged; it was not revoked.
      expect((await history(other)).body.items.map(({ event }) => event)).not.toContain('revoked');

      const browser = new Browser();
      await browser.open(await browser.consent(await browser.leavePage(authorizationUrl), SERVICE_ACCOUNT));
      expect((await under(one)).state).toBe('active');
    });

    it('is reconciled under each by itself', async () => {
      await deployment.wechat.control('POST', '/authorize', { appid: MINI_PROGRAM, component: other, push: false });
      const { body } = await deployment.api<{ id: string }>('POST', `/v1/authorizers/reconcile?component=${one}`);
      await until('done', async () => {
        const run = await deployment.api<{ state: string; component: string }>('GET', `/v1/reconciliations/${body.id}`);
        expect(run.body.component).toBe(one);
        return run.body.state === 'completed';
      });
      expect((await under(one, `/v1/authorizers/${MINI_PROGRAM}`)) as unknown).toMatchObject({
        code: 'unknown_authorizer',
      });
    });
  });

  describe('what belongs to one component', () => {
    it('is refused under the other', async () => {
      const made = await deployment.api<{ id: string; url: string }>(
        'POST',
        `/v1/components/${one}/authorization-links`,
        {},
      );
      const crossed = await new Browser().open(made.body.url.replace(one, other));
      expect(crossed.status).toBe(404);

      // A state and a code of one component at the callback of the other.
      const browser = new Browser();
      const back = await browser.consent(await browser.leavePage(made.body.url), SERVICE_ACCOUNT);
      expect((await browser.open(back.replace(one, other))).status).toBe(403);
      expect((await browser.open(back)).status).toBe(200);
    });

    it('is ready independently of the other', async () => {
      await deployment.wechat.control('POST', '/reset-secret', { component: one, appsecret: 'f'.repeat(32) });
      await deployment.wechat.control('POST', '/expire', { token: 'component', component: one });
      await deployment.wechat.control('POST', '/expire', {
        token: 'authorizer',
        appid: SERVICE_ACCOUNT,
        component: one,
      });
      await call(one);
      const page = await until('the one is not ready', async () => {
        const opened = await new Browser().open(`${deployment.gatewayUrl()}/authorize/${one}`);
        return opened.status === 503 && opened;
      });
      expect(page.headers.get('retry-after')).not.toBeNull();
      expect((await new Browser().open(`${deployment.gatewayUrl()}/authorize/${other}`)).status).toBe(200);
      expect((await call(other)).body.state).toBe('completed');
    });
  });
});
