import type { AccountSettings } from './account.ts';
import type { ComponentSettings } from './component.ts';

export interface SimulatorSettings {
  /** 0, the default: any free port. */
  port?: number;
  host?: string;
  components: ComponentSettings[];
  accounts: AccountSettings[];
  /** Who may use the control API, which shows every secret. Default `anywhere`. */
  controlFrom?: 'anywhere' | 'this-machine';
  /** Determines random events and followers; default 1. */
  seed?: number;
  /** Divides every lifetime and interval of WeChat; points in time stay real. Default 1. */
  timeScale?: number;
  /** Credentials are the same in every run, too. Default false. */
  deterministic?: boolean;
  /** Pushes a ticket at the start, repeatedly until the first is accepted. Default true. */
  ticketOnStart?: boolean;
  rates?: { duplicate?: number; systemError?: number };
  /** Users that act by themselves. Default: none. */
  demoUsers?: DemoUsersSettings;
}

/** Users that act by themselves, so that a demo has something to show. */
export interface DemoUsersSettings {
  /** Accounts whose users write, click, subscribe and unsubscribe. */
  appids: string[];
  /** On average, between two actions; default 1500. */
  intervalMs?: number;
  /** A call of these accounts fails now and then, each time in another way; default false. */
  callFailures?: boolean;
}

/** Invalid settings; the message is one sentence that names the field. */
export class SettingsError extends Error {}

export function checkSettings(settings: unknown): SimulatorSettings {
  if (!isRecord(settings)) throw new SettingsError('the settings must be a JSON object');
  numberIn(settings, 'port', 0, 65_535);
  numberIn(settings, 'timeScale', Number.MIN_VALUE, 1_000_000);
  numberIn(settings, 'seed', Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  textIn(settings, 'host', 'the settings', true);
  if (![undefined, 'anywhere', 'this-machine'].includes(settings.controlFrom as string | undefined)) {
    throw new SettingsError('controlFrom must be anywhere or this-machine');
  }
  flagIn(settings, 'deterministic');
  flagIn(settings, 'ticketOnStart');
  if (settings.rates !== undefined) {
    if (!isRecord(settings.rates)) throw new SettingsError('rates must be an object');
    numberIn(settings.rates, 'duplicate', 0, 1);
    numberIn(settings.rates, 'systemError', 0, 1);
  }
  if (settings.demoUsers !== undefined) checkDemoUsers(settings.demoUsers);
  listIn(settings, 'components', checkComponent);
  listIn(settings, 'accounts', checkAccount);
  return settings as unknown as SimulatorSettings;
}

function checkDemoUsers(users: unknown): void {
  if (!isRecord(users)) throw new SettingsError('demoUsers must be an object');
  const { appids } = users;
  if (!Array.isArray(appids) || !appids.every((appid) => typeof appid === 'string')) {
    throw new SettingsError('demoUsers.appids must be a list of appids');
  }
  numberIn(users, 'intervalMs', 1, 3_600_000, 'demoUsers');
  flagIn(users, 'callFailures');
}

export function checkAccount(account: unknown, where: string): void {
  if (!isRecord(account)) throw new SettingsError(`${where} must be an object`);
  textIn(account, 'appid', where);
  textIn(account, 'nickName', where);
  textIn(account, 'userName', where, true);
  if (account.kind !== 'official-account' && account.kind !== 'mini-program') {
    throw new SettingsError(`${where}.kind must be official-account or mini-program`);
  }
  numberIn(account, 'followers', 0, 100_000_000, where);
  if (account.followers !== undefined && !Number.isInteger(account.followers)) {
    throw new SettingsError(`${where}.followers must be a whole number`);
  }
}

export function checkToken(token: string, where: string): void {
  if (!/^[A-Za-z0-9]{3,32}$/.test(token)) throw new SettingsError(`${where} must be 3 to 32 letters or digits`);
}

export function checkEncodingAesKey(key: string, where: string): void {
  if (!/^[A-Za-z0-9]{43}$/.test(key)) throw new SettingsError(`${where} must be 43 letters or digits`);
}

function checkComponent(component: unknown, where: string): void {
  if (!isRecord(component)) throw new SettingsError(`${where} must be an object`);
  for (const name of ['appid', 'appsecret', 'token', 'encodingAesKey', 'eventUrl']) textIn(component, name, where);
  checkToken(String(component.token), `${where}.token`);
  checkEncodingAesKey(String(component.encodingAesKey), `${where}.encodingAesKey`);
  checkUrl(component.eventUrl, `${where}.eventUrl`);
  const { messageUrl } = component;
  if (Array.isArray(messageUrl)) {
    if (messageUrl.length === 0) throw new SettingsError(`${where}.messageUrl must have at least one URL`);
    for (const [index, url] of messageUrl.entries()) checkMessageUrl(url, `${where}.messageUrl[${index}]`);
  } else checkMessageUrl(messageUrl, `${where}.messageUrl`);
}

function checkMessageUrl(url: unknown, where: string): void {
  checkUrl(url, where);
  if (!String(url).includes('$APPID$')) {
    throw new SettingsError(`${where} must contain $APPID$, which every push replaces with the account`);
  }
}

function checkUrl(url: unknown, where: string): void {
  if (typeof url !== 'string' || !/^https?:\/\//.test(url) || !URL.canParse(url)) {
    throw new SettingsError(`${where} must be an http or https URL`);
  }
}

function listIn(settings: Record<string, unknown>, name: string, check: (one: unknown, where: string) => void): void {
  const list = settings[name];
  if (!Array.isArray(list)) throw new SettingsError(`${name} must be a list`);
  const seen = new Set<unknown>();
  for (const [index, one] of list.entries()) {
    check(one, `${name}[${index}]`);
    if (seen.has(one.appid)) throw new SettingsError(`${name}[${index}].appid ${one.appid} is listed twice`);
    seen.add(one.appid);
  }
}

function textIn(record: Record<string, unknown>, name: string, where: string, optional = false): void {
  const value = record[name];
  if (value === undefined && optional) return;
  if (typeof value !== 'string' || value === '') throw new SettingsError(`${where}.${name} must be a text`);
}

function numberIn(record: Record<string, unknown>, name: string, min: number, max: number, where = ''): void {
  const value = record[name];
  if (value === undefined) return;
  if (typeof value !== 'number' || !(value >= min && value <= max)) {
    throw new SettingsError(`${where ? `${where}.` : ''}${name} must be a number from ${min} to ${max}`);
  }
}

function flagIn(record: Record<string, unknown>, name: string): void {
  if (record[name] !== undefined && typeof record[name] !== 'boolean') {
    throw new SettingsError(`${name} must be true or false`);
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
