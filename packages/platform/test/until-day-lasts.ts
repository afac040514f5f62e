import { beijingDay } from '../src/beijing-time.ts';
import { until } from './until.ts';

/** Counts of a day begin at zero at midnight in Beijing: so near to it, a test that counts waits until it is over. */
export function untilDayLasts(forMs = 20_000): Promise<void> {
  return until('midnight in Beijing is not near', () => beijingDay(Date.now()) === beijingDay(Date.now() + forMs));
}
