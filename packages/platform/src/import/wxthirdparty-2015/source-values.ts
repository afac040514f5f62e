import type { SourceRow } from './source-database.ts';

/** WeChat's public platform opened in August 2012; what is older is a time in the wrong unit, or none. */
const EARLIEST_MS = Date.UTC(2012, 7, 1);

export function textOf(row: SourceRow, column: string): string | undefined {
  const value = row[column];
  const text = typeof value === 'string' ? value.trim() : typeof value === 'number' ? String(value) : '';
  return text === '' ? undefined : text;
}

export function numberOf(row: SourceRow, column: string): number | undefined {
  const value = row[column];
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

/**
 * Ms of a `datetime`, `timestamp` or `date`, which contain a local time without its zone: the library's hosts were
 * in China. Undefined for zero dates and for what cannot be.
 */
export function timeOf(row: SourceRow, column: string, now: number): number | undefined {
  const match = /^(\d{4})-(\d\d)-(\d\d)(?: (\d\d):(\d\d):(\d\d))?/.exec(String(row[column] ?? ''));
  if (!match) return undefined;
  const [, year, month, day, hour = '00', minute = '00', second = '00'] = match;
  const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}+08:00`);
  return possible(ms, now) ? ms : undefined;
}

/** Ms of a number of ms; undefined where it cannot be one. */
export function msOf(row: SourceRow, column: string, now: number): number | undefined {
  const ms = numberOf(row, column);
  return ms !== undefined && possible(ms, now) ? Math.floor(ms) : undefined;
}

function possible(ms: number, now: number): boolean {
  return Number.isFinite(ms) && ms >= EARLIEST_MS && ms <= now;
}
