import { describe, expect, it } from 'vitest';
import { readAlarmWebhooks } from './read-alarm-webhooks.ts';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

function channelsOf(text: string) {
  const read = readAlarmWebhooks(text);
  if ('faults' in read) throw new Error(read.faults.join());
  return read.channels;
}

it('kind and number follow from the hosts, the secret from the fragment', () => {
  const text = [
    'https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k1',
    ' https://oapi.dingtalk.com/robot/send?access_token=t#SEC%2Fa ',
    'https://open.feishu.cn/open-apis/bot/v2/hook/h1#s',
    'https://open.larksuite.com/open-apis/bot/v2/hook/h2',
    `https://ops.example.com/alarms?a=b#${SECRET}`,
    'https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k2',
  ].join(',');
  expect(channelsOf(text)).toEqual([
    {
      ...{ id: 'wecom-1', kind: 'wecom', host: 'qyapi.weixin.qq.com', secret: undefined, isForced: false },
      url: 'https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k1',
    },
    {
      ...{ id: 'dingtalk-1', kind: 'dingtalk', host: 'oapi.dingtalk.com', secret: 'SEC/a', isForced: false },
      url: 'https://oapi.dingtalk.com/robot/send?access_token=t',
    },
    {
      ...{ id: 'feishu-1', kind: 'feishu', host: 'open.feishu.cn', secret: 's', isForced: false },
      url: 'https://open.feishu.cn/open-apis/bot/v2/hook/h1',
    },
    {
      ...{ id: 'feishu-2', kind: 'feishu', host: 'open.larksuite.com', secret: undefined, isForced: false },
      url: 'https://open.larksuite.com/open-apis/bot/v2/hook/h2',
    },
    {
      ...{ id: 'generic-1', kind: 'generic', host: 'ops.example.com', secret: SECRET, isForced: false },
      url: 'https://ops.example.com/alarms?a=b',
    },
    {
      ...{ id: 'wecom-2', kind: 'wecom', host: 'qyapi.weixin.qq.com', secret: undefined, isForced: false },
      url: 'https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k2',
    },
  ]);
});

it('a prefix forces the kind, for relays and tests; a file may have one on each line', () => {
  const channels = channelsOf('wecom+http://127.0.0.1:1/x?key=k\nfeishu+https://relay.internal/hook#s');
  expect(channels.map(({ id, host, isForced }) => ({ id, host, isForced }))).toEqual([
    { id: 'wecom-1', host: '127.0.0.1:1', isForced: true },
    { id: 'feishu-1', host: 'relay.internal', isForced: true },
  ]);
});

describe('what cannot be used', () => {
  it.each([
    ['', 'number 1 is no http or https URL'],
    ['ftp://h/x', 'number 1 is no http or https URL'],
    ['slack+https://h/x', 'number 1 has an unknown prefix; the known ones are wecom+, dingtalk+, feishu+, generic+'],
    ['http://qyapi.weixin.qq.com/x?key=k', 'number 1 (qyapi.weixin.qq.com) must be an https URL'],
    ['https://qyapi.weixin.qq.com/x', 'number 1 (qyapi.weixin.qq.com) lacks key=… of the robot'],
    ['https://qyapi.weixin.qq.com/x?key=k#s', 'robots have none'],
    ['https://oapi.dingtalk.com/robot/send#s', 'number 1 (oapi.dingtalk.com) lacks access_token=… of the robot'],
    ['https://open.feishu.cn/hook/x', 'must have the path /open-apis/bot/v2/hook/ID'],
    ['https://u:hidden@h/x', 'number 1 (h) must not have a user or a password'],
    ['https://h/hidden', 'number 1 (h) needs its secret'],
    ['https://h/hidden#whsec_c2hvcnQ=', 'number 1 (h) needs its secret'],
    ['https://h/hidden#%zz', 'number 1 (h) has a secret that is not percent-encoded correctly'],
  ])('%s', (text, fault) => {
    const read = readAlarmWebhooks(text);
    if (!('faults' in read)) throw new Error('it was accepted');
    expect(read.faults.join()).toContain(fault);
    expect(read.faults.join()).not.toContain('hidden');
  });

  it('is named for each entry', () => {
    const read = readAlarmWebhooks('https://h/x,https://open.feishu.cn/open-apis/bot/v2/hook/h1,nothing');
    expect(read).toMatchObject({
      faults: [expect.stringContaining('number 1 (h)'), expect.stringContaining('number 3 is')],
    });
  });
});
