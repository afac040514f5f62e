import { expect, it } from 'vitest';
import { type Banner, banner } from './banner.ts';

const production: Banner = {
  gatewayUrl: 'http://127.0.0.1:3000',
  redis: 'REDIS_URL',
  logs: '/data/logs',
  admin: { user: 'admin', password: 'the-own-password', isMade: false },
  status: ['  wxc  ready'],
};
const firstLine = (changes: Partial<Banner>) => banner({ ...production, ...changes }).split('\n')[0];

it('begins with the console and how to sign in, in Chinese and English', () => {
  expect(firstLine({})).toBe(
    'Console 控制台  http://127.0.0.1:3000/admin  user 用户 admin, password 密码 as in 见 ADMIN_PASSWORD',
  );
  expect(firstLine({ admin: { user: 'admin', password: undefined, isMade: false } })).toMatch(
    /\/admin {2}sign in with an API key 用 API 密钥登录/,
  );
});

it('shows the password that the demo made, and where it is, but never the operator’s own', () => {
  const demo = {
    simulatorUrl: 'http://127.0.0.1:3900',
    consentUrl: 'http://127.0.0.1:3000/authorize/wxc',
    pagesUrl: 'http://127.0.0.1:3900',
    apiKey: 'key',
    appid: 'wxa',
    secretsFile: '/data/demo.json',
    accounts: 13,
  };
  const made = banner({ ...production, demo, admin: { user: 'admin', password: 'made', isMade: true } });
  expect(made.split('\n')[0]).toMatch(/made \(in 见 \/data\/demo\.json\)$/);
  expect(made.split('\n').at(-1)).toMatch(/^curl /);
  expect(banner({ ...production, demo })).not.toContain('the-own-password');
});
