import { randomBytes } from 'node:crypto';
import { Failure } from '@wxthirdparty/wechat';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { Seals } from '../sealing/seals.ts';
import { TokenStore } from '../token/token-store.ts';
import { componentOwner } from './component-owner.ts';
import { componentTokenEffect } from './component-token.ts';
import { refuseUnlessReady } from './status.ts';

let server: TestRedis;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

it.each([
  ['operator', new Failure('component_refused', 'operator', 'Set WX_COMPONENT_APPSECRET.', { errcode: 40125 })],
  ['retry', new Failure('wechat_busy', 'retry', 'WeChat is busy.', { errcode: -1 })],
] as const)(
  'a component whose token cannot be fetched is refused with the remedy of that: %s',
  async (remedy, cause) => {
    await server.redis.flushall();
    await server.redis.hset('wx:{wxc:wxc}:ticket', 'expiresAt', Date.now() + 3_600_000);
    const store = new TokenStore(server.redis, new Seals([randomBytes(32)]), {
      component: componentTokenEffect,
      authorizer: undefined,
      'jsapi-ticket': undefined,
      'wx-card-ticket': undefined,
    });
    await server.redis.set('wx:{wxc:wxc}:fence:component', '7');
    await store.fail(componentOwner('wxc'), 7, cause, 60_000, true);
    await expect(refuseUnlessReady(server.redis, 'wxc')).rejects.toMatchObject({
      code: 'not_ready',
      remedy,
      errcode: cause.errcode,
      message: expect.stringContaining(cause.message),
    });
  },
);
