import type { ComponentStatus } from '@wxthirdparty/platform';
import { expect, it } from 'vitest';
import { statusLines } from './status-lines.ts';

const waiting = {
  appid: 'wx0123456789abcdef',
  ready: false,
  reasons: ['no_ticket'],
  lastPushAt: null,
  ticket: null,
  token: null,
} as unknown as ComponentStatus;

it('a component without ticket: what WeChat needs to know, and what is missing for it', () => {
  const text = statusLines({ ready: false, components: [waiting] }, undefined).join('\n');
  expect(text).toContain('wx0123456789abcdef  not ready: no ticket has arrived');
  expect(text).toContain('PUBLIC_URL/wechat/wx0123456789abcdef/events');
  expect(text).toContain('last push from WeChat             none yet');
  expect(text).toContain('IP list');
  expect(text).toContain('PUBLIC_URL is not set');
  expect(statusLines({ ready: false, components: [waiting] }, 'https://wx.example.com').join('\n')).toContain(
    'https://wx.example.com/wechat/wx0123456789abcdef/messages/$APPID$',
  );
});

it('a component whose token fails: in WeChat’s words', () => {
  const failure = {
    code: 'ip_not_allowed',
    remedy: 'operator',
    message: 'WeChat refuses 1.2.3.4',
    errcode: 61004,
    at: new Date(0),
  };
  const failing = {
    ...waiting,
    reasons: ['component_token_failing'],
    token: { version: 0, expiresAt: null, failure },
  } as unknown as ComponentStatus;
  expect(statusLines({ ready: false, components: [failing] }, undefined).join('\n')).toContain(
    'WeChat refuses 1.2.3.4',
  );
});

it('a ready component needs nothing', () => {
  const ready = { ...waiting, ready: true, reasons: [] } as unknown as ComponentStatus;
  expect(statusLines({ ready: true, components: [ready] }, undefined)).toEqual(['  wx0123456789abcdef  ready']);
});
