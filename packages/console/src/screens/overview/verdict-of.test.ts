import type { Status } from '@wxthirdparty/sdk';
import { describe, expect, it } from 'vitest';
import { verdictOf } from './verdict-of.ts';

const HEALTHY = { redis: true, database: true, degraded: [] } as const;
const READY = { appid: 'wxa', ready: true, reasons: [], token: null };

function status(...components: object[]): Status {
  return { ready: components.every((one) => (one as { ready: boolean }).ready), components } as unknown as Status;
}

describe('the sentence of the overview', () => {
  it('waits until something is known', () => {
    expect(verdictOf({ status: undefined, health: HEALTHY, failing: false })).toBeUndefined();
  });

  it('says that everything works', () => {
    expect(verdictOf({ status: status(READY), health: HEALTHY, failing: false })).toEqual({
      works: 'yes',
      reasons: [],
      missing: [],
    });
  });

  it('names every reason of every component that is not ready', () => {
    const failure = { errcode: 40125, message: 'WeChat refused the secret.' };
    const broken = {
      appid: 'wxb',
      ready: false,
      reasons: ['no_ticket', 'component_token_failing'],
      token: { failure },
    };
    const verdict = verdictOf({ status: status(READY, broken), health: HEALTHY, failing: false });
    expect(verdict?.works).toBe('no');
    expect(verdict?.reasons).toEqual([
      { code: 'no_ticket', component: 'wxb' },
      { code: 'component_token_failing', component: 'wxb', errcode: 40125, detail: 'WeChat refused the secret.' },
    ]);
  });

  it('does not trust an old status, and names Redis if that is the cause', () => {
    expect(verdictOf({ status: status(READY), health: undefined, failing: true })?.works).toBe('unknown');
    const away = { ...HEALTHY, redis: false };
    expect(verdictOf({ status: status(READY), health: away, failing: true })).toEqual({
      works: 'no',
      reasons: [{ code: 'redis_away', component: null }],
      missing: [],
    });
  });

  it('works without the database, and names it', () => {
    const away = { redis: true, database: false, degraded: ['database'] } as const;
    expect(verdictOf({ status: status(READY), health: away, failing: false })).toEqual({
      works: 'partly',
      reasons: [],
      missing: [{ code: 'database_away', component: null }],
    });
  });

  it('does not work without a component', () => {
    expect(verdictOf({ status: status(), health: HEALTHY, failing: false })?.reasons[0]?.code).toBe('no_components');
  });
});
