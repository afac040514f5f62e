import { describe, expect, it } from 'vitest';
import { checkChange, newSubscriptionOf, type SubscriptionInput } from './check-input.ts';

const DAY_MS = 24 * 60 * 60_000;
const bounds = { components: ['wxc'], retentionMs: 7 * DAY_MS };
const json: SubscriptionInput = {
  ...{
    name: 'orders',
    url: 'https://app.example.com/wx',
    format: 'json',
    filter: {},
    token: null,
    encodingAesKey: null,
  },
  ...{ maxInFlight: 10, timeoutMs: 15_000, giveUpAfterMs: null },
};
const wechat: SubscriptionInput = { ...json, format: 'wechat' };
const program: SubscriptionInput = {
  ...{ ...json, format: 'wechat-component', component: 'wxc' },
  messageUrl: 'https://old.example.com/$APPID$/message',
};
const terms = { waitMs: 4_000, late: 'customer_message', fallback: null, maxInFlight: 100 } as const;

function faultsOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    expect(error).toMatchObject({ code: 'invalid_request', remedy: 'fix-request' });
    return (error as Error).message;
  }
  return '';
}
const faultsOfNew = (input: SubscriptionInput) => faultsOf(() => newSubscriptionOf(input, bounds));

describe('a new subscription', () => {
  it('of the format json has no reply, no mode, and nothing of WeChat', () => {
    const { secrets, ...rest } = newSubscriptionOf(json, bounds);
    expect(rest).toEqual({
      ...{ name: 'orders', url: json.url, messageUrl: null, format: 'json', mode: null, component: null },
      ...{ filter: {}, reply: null, maxInFlight: 10, timeoutMs: 15_000, giveUpAfterMs: null },
    });
    expect(secrets.wechat).toBeNull();
    expect(newSubscriptionOf({ ...json, reply: terms }, bounds).reply).toEqual(terms);
  });

  it('of the formats of WeChat replies unless it declines that', () => {
    expect(newSubscriptionOf(wechat, bounds)).toMatchObject({ mode: 'safe', reply: terms, component: null });
    expect(newSubscriptionOf({ ...wechat, mode: 'plain', reply: null }, bounds)).toMatchObject({
      ...{ mode: 'plain', reply: null },
    });
    expect(newSubscriptionOf(program, bounds)).toMatchObject({ mode: null, reply: terms, component: 'wxc' });
  });

  it('takes the token and the key that it is given', () => {
    const given = { token: 'shop', encodingAesKey: 'k'.repeat(43) };
    expect(newSubscriptionOf({ ...wechat, ...given }, bounds).secrets.wechat).toEqual(given);
    expect(faultsOfNew({ ...json, token: 'shop' })).toContain('token, encodingAesKey: only in');
  });

  it('names a component of this deployment and a message URL in the format wechat-component, and only there', () => {
    expect(faultsOfNew({ ...program, component: undefined })).toBe(
      'component: required in the format wechat-component',
    );
    expect(faultsOfNew({ ...program, component: 'wxother' })).toBe('component: not one of this deployment');
    expect(faultsOfNew({ ...program, messageUrl: null })).toBe('messageUrl: required in the format wechat-component');
    expect(faultsOfNew({ ...program, messageUrl: 'https://old.example.com/' })).toBe(
      'messageUrl: must contain $APPID$',
    );
    expect(faultsOfNew({ ...program, url: 'https://old.example.com/$APPID$' })).toContain('belongs into messageUrl');
    for (const input of [json, wechat]) {
      expect(faultsOfNew({ ...input, component: 'wxc' })).toBe('component: only in the format wechat-component');
      expect(faultsOfNew({ ...input, messageUrl: program.messageUrl })).toContain('messageUrl: only in');
      // As in its own answer.
      expect(faultsOfNew({ ...input, component: null, messageUrl: null })).toBe('');
    }
    for (const input of [json, program]) expect(faultsOfNew({ ...input, mode: 'plain' })).toContain('mode: only in');
  });

  it('has absolute addresses, with $APPID$ in path and query only', () => {
    for (const url of ['https://app.example.com/$APPID$/x?a=$APPID$', 'http://10.0.0.5:8080', 'HTTPS://A.example']) {
      expect(faultsOfNew({ ...json, url })).toBe('');
    }
    for (const url of [
      '',
      '/wx',
      'app.example.com',
      'ftp://app.example.com/',
      'https://',
      'https://a b/',
      ' https://a',
    ]) {
      expect([url, faultsOfNew({ ...json, url })]).toEqual([url, 'url: an absolute address with https']);
    }
    for (const url of [
      'https://$APPID$.example.com/',
      'https://$APPID$@app.example.com/',
      'https://a.example/#$APPID$',
    ]) {
      expect([url, faultsOfNew({ ...json, url })]).toEqual([url, 'url: $APPID$ can only be in its path or query']);
    }
  });

  it('does not retry for longer than the retention, and has no fallback that WeChat refuses', () => {
    expect(faultsOfNew({ ...json, giveUpAfterMs: 7 * DAY_MS })).toBe('');
    expect(faultsOfNew({ ...json, giveUpAfterMs: 7 * DAY_MS + 1 })).toContain('giveUpAfterMs: at most 604800000');
    const article = { title: 't', description: '', picUrl: '', url: '' };
    const fallback = (articles: (typeof article)[]) => ({ ...terms, fallback: { type: 'news', articles } as const });
    expect(faultsOfNew({ ...json, reply: fallback([article]) })).toBe('');
    expect(faultsOfNew({ ...json, reply: fallback([article, article]) })).toContain('one article');
  });

  it('is refused with every fault at once', () => {
    const faults = faultsOfNew({ ...json, url: 'x', component: 'wxc', mode: 'safe', token: 'abc' });
    expect(faults.split('; ')).toHaveLength(4);
  });
});

it('a change is checked by the format of the subscription', () => {
  const faults = (change: Parameters<typeof checkChange>[0], format: Parameters<typeof checkChange>[1]) =>
    faultsOf(() => checkChange(change, format, bounds));
  expect(faults({ name: 'x', maxInFlight: 3 }, 'json')).toBe('');
  expect(faults({ mode: 'plain' }, 'wechat')).toBe('');
  expect(faults({ mode: null }, 'wechat')).toBe('mode: safe or plain');
  expect(faults({ mode: 'plain' }, 'json')).toContain('mode: only in');
  expect(faults({ messageUrl: null }, 'wechat-component')).toContain('messageUrl: required');
  expect(faults({ messageUrl: 'https://a.example/$APPID$' }, 'wechat-component')).toBe('');
  expect(faults({ messageUrl: 'https://a.example/$APPID$' }, 'wechat')).toContain('messageUrl: only in');
  expect(faults({ url: 'x' }, 'json')).toContain('url: an absolute address');
  expect(faults({ giveUpAfterMs: 30 * DAY_MS }, 'json')).toContain('giveUpAfterMs');
});
