import { afterEach, expect, it } from 'vitest';
import { until } from '../../test/until.ts';
import { Events } from '../events.ts';
import { type MaintenanceOptions, startMaintenance } from './maintenance.ts';

let maintenance: { close(): Promise<void> } | undefined;
afterEach(() => maintenance?.close());

it('maintenance makes all components ready before it does anything else, however long one of them takes to restore', async () => {
  const did: string[] = [];
  const note = (what: string) => async (component: string) => void did.push(`${what} ${component}`);
  const never = () => new Promise<never>(() => {});
  maintenance = startMaintenance({
    isOurs: () => true,
    isDatabaseOut: () => false,
    components: { all: () => ['wxBig', 'wxOther'].map((appid) => ({ appid })) },
    tickets: { view: async () => undefined, restore: note('ticket'), current: async () => 'ticket' },
    tokens: {
      store: { read: async () => ({ now: 2, refreshAt: 1, retryAt: 1 }) },
      askForRefresh: async ({ component }: { component: string }) => void did.push(`token ${component}`),
    },
    refreshAhead: {
      // The first component has so many accounts that restoring does not end.
      restoreOnce: (component: string) => (component === 'wxBig' ? never() : note('due')(component)),
      claimAll(component: string) {
        did.push(`claim ${component}`);
        return [];
      },
    },
    // In the second part of a round, too, one component does not end.
    syncSchedules: { startDue: never },
    lanes: { wakeDue: async () => {} },
    events: new Events(),
  } as unknown as MaintenanceOptions);
  await until('the due tokens of both are claimed', () => did.filter((one) => one.startsWith('claim')).length === 2);
  await until('the other one is restored', () => did.includes('due wxOther'));
  const round = did.filter((one) => !/^(due|claim)/.test(one)).map((one) => one.split(' ')[0]);
  expect(round.slice(0, 4).sort()).toEqual(['ticket', 'ticket', 'token', 'token']);
});
