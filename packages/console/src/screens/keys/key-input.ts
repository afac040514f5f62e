import type { Operations } from '@wxthirdparty/sdk';

type KeyInput = Operations['POST /v1/keys']['body'];
export type Scope = KeyInput['scopes'][number];

export const lifetimes = { never: 0, d30: 30, d90: 90, d365: 365 } as const;
export type Lifetime = keyof typeof lifetimes;

/** What the form has, as it was entered. */
export interface Entered {
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly accounts: string;
  readonly paths: string;
  readonly lifetime: Lifetime;
  readonly rate: string;
}

export const nothingEntered: Entered = {
  name: '',
  scopes: [],
  accounts: '',
  paths: '',
  lifetime: 'never',
  rate: '',
};

export interface Faults {
  readonly name?: 'missing';
  readonly scopes?: 'missing';
  /** The first line that is none, or `admin`. */
  readonly accounts?: { readonly line: string } | 'admin';
  readonly paths?: { readonly line: string } | 'admin';
  readonly rate?: 'invalid';
}

const MAX_NAME = 100;
const MAX_RATE = 100_000;
const DAY_MS = 86_400_000;

/** The same bounds as the gateway's, so that a fault is shown at its field. */
export function faultsOf({ name, scopes, accounts, paths, rate }: Entered): Faults {
  const accountFault = faultOf(linesOf(accounts), /^[A-Za-z0-9_-]{1,64}$/, scopes);
  const pathFault = faultOf(linesOf(paths), /^(?=.{1,256}$)(?:\/[A-Za-z0-9_~.-]+)+(?:\/\*)?$/, scopes);
  const isRate = rate.trim() === '' || (/^\d+$/.test(rate.trim()) && Number(rate) >= 1 && Number(rate) <= MAX_RATE);
  return {
    ...(name.trim() === '' || name.trim().length > MAX_NAME ? { name: 'missing' } : {}),
    ...(scopes.length === 0 ? { scopes: 'missing' } : {}),
    ...(accountFault === undefined ? {} : { accounts: accountFault }),
    ...(pathFault === undefined ? {} : { paths: pathFault }),
    ...(isRate ? {} : { rate: 'invalid' }),
  };
}

function faultOf(lines: readonly string[], shape: RegExp, scopes: readonly Scope[]) {
  if (lines.length > 0 && scopes.includes('admin')) return 'admin' as const;
  const line = lines.find((one) => !shape.test(one));
  return line === undefined ? undefined : { line };
}

export function inputOf({ name, scopes, accounts, paths, lifetime, rate }: Entered, now: number): KeyInput {
  const days = lifetimes[lifetime];
  return {
    name: name.trim(),
    scopes: [...scopes],
    accounts: linesOf(accounts),
    paths: linesOf(paths),
    expiresAt: days === 0 ? null : new Date(now + days * DAY_MS).toISOString(),
    ratePerSecond: rate.trim() === '' ? null : Number(rate),
  };
}

/** Lists are pasted with commas, too. */
function linesOf(text: string): string[] {
  return text.split(/[\s,，;；]+/).filter((line) => line !== '');
}
