import { Events } from '@wxthirdparty/platform';
import { expect, it } from 'vitest';
import { countEvents } from './count-events.ts';
import { openCounters, openHistograms } from './tables.ts';

function counting() {
  const events = new Events();
  const counters = openCounters();
  const histograms = openHistograms();
  countEvents(events, counters, histograms, { components: ['wxc'], queues: ['calls'] });
  const samples = () =>
    [...Object.values(counters), ...Object.values(histograms)]
      .flatMap((one) => one.text().split('\n'))
      .filter((line) => !line.startsWith('#') && !/_bucket\{|_sum/.test(line) && !/ 0$/.test(line));
  return { events, counters, samples };
}

const call = {
  ...{ call: 'c', component: 'wxc', appid: 'wxa', path: '/cgi-bin/user/get', outcome: 'completed', attempts: 1 },
  ...{ queueMs: 1, wechatMs: 2, totalMs: 3, recorded: true },
};

it('counts a call by path, kind and outcome, and its phases', () => {
  const { events, samples } = counting();
  events.publish('call', { ...call, kind: 'inline', errcode: 0 });
  events.publish('call', { ...call, kind: 'inline', errcode: 45009 });
  events.publish('call', { ...call, kind: 'queued', outcome: 'deadline_passed', wechatMs: undefined });
  events.publish('call', { ...call, kind: 'background', path: '/not/catalogued/o6_bmjrPTlm6_2sgVt7hMZOPfL2M' });
  expect(samples()).toEqual([
    'wx_calls_total{path="/cgi-bin/user/get",kind="inline",outcome="completed"} 1',
    'wx_calls_total{path="/cgi-bin/user/get",kind="inline",outcome="errcode"} 1',
    'wx_calls_total{path="/cgi-bin/user/get",kind="queued",outcome="failed_deadline_passed"} 1',
    'wx_calls_total{path="other",kind="background",outcome="completed"} 1',
    'wx_call_seconds_count{phase="queue",kind="inline"} 2',
    'wx_call_seconds_count{phase="wechat",kind="inline"} 2',
    'wx_call_seconds_count{phase="total",kind="inline"} 2',
    'wx_call_seconds_count{phase="queue",kind="queued"} 1',
    'wx_call_seconds_count{phase="total",kind="queued"} 1',
    'wx_background_call_seconds_count 1',
  ]);
});

it('counts each call once: neither a corrected outcome nor a cancelled call', () => {
  const { events, samples } = counting();
  events.publish('call', { ...call, kind: 'queued', corrected: true });
  events.publish('call', { ...call, kind: 'inline', outcome: 'cancelled' });
  expect(samples()).toEqual([]);
});

it('counts requests to WeChat by host and result, and its errcodes', () => {
  const { events, samples } = counting();
  const request = { component: 'wxc', host: 'api.weixin.qq.com', path: '/x', ms: 20 };
  events.publish('wechat', { ...request, result: 'ok', errcode: 0 });
  events.publish('wechat', { ...request, result: 'errcode', errcode: 61004 });
  events.publish('wechat', { ...request, result: 'errcode', errcode: 123456 });
  events.publish('wechat', { ...request, result: 'timeout' });
  expect(samples()).toEqual([
    'wx_wechat_requests_total{host="api.weixin.qq.com",result="ok"} 1',
    'wx_wechat_requests_total{host="api.weixin.qq.com",result="errcode"} 2',
    'wx_wechat_requests_total{host="api.weixin.qq.com",result="timeout"} 1',
    'wx_wechat_errcode_total{errcode="61004"} 1',
    'wx_wechat_errcode_total{errcode="other"} 1',
    'wx_wechat_request_seconds_count{host="api.weixin.qq.com"} 4',
  ]);
});

it('counts answers, pushes, deliveries, replies, refreshes, quotas, jobs and Redis', () => {
  const { events, samples } = counting();
  events.publish('http', { route: '/v1/status', method: 'GET', status: 200, ms: 1 });
  events.publish('http', { route: 'none', method: 'BREW', status: 404, ms: 1 });
  events.publish('push-received', { component: 'wxc', url: 'messages', result: 'duplicates', ms: 5 });
  const push = { component: 'wxc', job: undefined, push: 'text', receivedAt: '', ms: 1, lagMs: 9, outcome: 'x' };
  events.publish('push', { ...push, url: 'events', result: 'handled' });
  events.publish('push', { ...push, url: 'events', result: 'failed' });
  events.publish('push', { ...push, url: undefined, result: 'handled' });
  const delivery = { subscription: 's', component: 'wxc', push: 'p', status: 200, code: null, ms: 3, attempt: 1 };
  events.publish('delivery', { ...delivery, result: 'delivered', lagMs: 30 });
  events.publish('delivery', { ...delivery, result: 'failed', lagMs: 30 });
  events.publish('reply', { component: 'wxc', push: 'p', kind: 'late', result: 'sent' });
  const owner = { component: 'wxc', appid: 'wxa', kind: 'authorizer', ms: 1 };
  events.publish('refresh', { ...owner, outcome: 'stored', version: 1 });
  events.publish('refresh', { ...owner, outcome: 'held' });
  const quota = { component: 'wxc', appid: 'wxa', path: '/x', used: 1, limit: 1 };
  events.publish('quota', { ...quota, level: 'closed' });
  events.publish('job', { queue: 'calls', what: 'shutdown-timeout' });
  events.publish('redis', { what: 'failover', server: 'h:1' });
  events.publish('calls-unrecorded', { count: 3, message: 'no' });
  expect(samples()).toEqual([
    'wx_calls_unrecorded_total 3',
    'wx_http_requests_total{route="/v1/status",method="GET",status="200"} 1',
    'wx_http_requests_total{route="none",method="other",status="404"} 1',
    'wx_pushes_total{component="wxc",url="messages",result="duplicate"} 1',
    'wx_pushes_total{component="wxc",url="events",result="handled"} 1',
    'wx_pushes_total{component="wxc",url="events",result="failed"} 1',
    'wx_deliveries_total{result="delivered"} 1',
    'wx_deliveries_total{result="failed"} 1',
    'wx_replies_total{kind="late",result="sent"} 1',
    'wx_token_refreshes_total{kind="authorizer",result="stored"} 1',
    'wx_quota_events_total{component="wxc",level="closed"} 1',
    'wx_job_events_total{queue="calls",what="shutdown_timeout"} 1',
    'wx_redis_events_total{what="failover"} 1',
    'wx_http_request_seconds_count{route="/v1/status"} 1',
    'wx_http_request_seconds_count{route="none"} 1',
    'wx_push_answer_seconds_count{url="messages"} 1',
    'wx_push_lag_seconds_count{url="events"} 1',
    'wx_delivery_lag_seconds_count 1',
  ]);
});

it('shows 0 for what has not happened yet, so that Prometheus sees the first time as an increase', () => {
  const { counters } = counting();
  const lines = Object.values(counters).flatMap((one) => one.text().split('\n'));
  expect(lines).toEqual(
    expect.arrayContaining([
      'wx_wechat_errcode_total{errcode="61004"} 0',
      'wx_redis_events_total{what="foreign"} 0',
      'wx_job_events_total{queue="calls",what="stalled"} 0',
      'wx_quota_events_total{component="wxc",level="closed"} 0',
      'wx_pushes_total{component="wxc",url="events",result="refused"} 0',
    ]),
  );
});
