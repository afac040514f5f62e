import { expect, it } from 'vitest';
import { keyspaceOf } from '../redis/keys.ts';
import { keyGroupOf } from './key-group.ts';

const keys = keyspaceOf('wx');

it.each([
  [keys.token('wxc', 'wxa', 'authorizer'), 'token:authorizer'],
  [keys.call('wxc', 'wxa', 'id1'), 'call'],
  [keys.seenPush('abc'), 'seen'],
  [keys.pushStream, 'stream'],
  [keys.deployment, 'deployment'],
  [keys.quota('wxc', 'wxa', '/cgi-bin/user/info'), 'quota'],
  [`${keys.queuePrefix('calls')}:calls:17`, 'queue calls'],
  ['second:deployment', 'other'],
])('%s belongs to the group %s', (key, group) => {
  expect(keyGroupOf(key, 'wx')).toBe(group);
});

it('no group has an appid or an id', () => {
  expect(keyGroupOf(keys.callRequest('wxc', 'wxa', 'id1'), 'wx')).toBe('call');
});
