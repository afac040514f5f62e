import { type Account, openAccount } from './account.ts';
import { CannedAnswers } from './canned-answers.ts';
import { Chance } from './chance.ts';
import { Clock } from './clock.ts';
import { type Component, openComponent } from './component.ts';
import { Credentials } from './credential.ts';
import { Faults } from './faults.ts';
import { Grants } from './grant.ts';
import { defaultOptions, type Options } from './options.ts';
import { PhoneCodes } from './phone-codes.ts';
import { PushLog } from './push-log.ts';
import { Quota } from './quota.ts';
import { Reordering } from './reordering.ts';
import { RequestLog } from './request-log.ts';
import { RidLog } from './rid-log.ts';
import { Robots } from './robot.ts';
import type { SimulatorSettings } from './settings.ts';
import { Tokens } from './token.ts';
import { Traffic } from './traffic.ts';
import { Logins } from './user-login.ts';
import type { WechatValue } from './wechat-json.ts';

/** A message an account sent to a user. */
interface SentMessage {
  readonly component: string;
  readonly appid: string;
  readonly touser: string;
  readonly msgtype: string;
  readonly content: WechatValue;
  readonly at: string;
}

/** The state of one running simulator. */
export interface World {
  readonly seed: number;
  readonly controlFrom: 'anywhere' | 'this-machine';
  readonly clock: Clock;
  readonly chance: Chance;
  readonly credentials: Credentials;
  readonly options: Options;
  readonly components: Map<string, Component>;
  readonly accounts: Map<string, Account>;
  readonly tokens: Tokens;
  readonly grants: Grants;
  readonly logins: Logins;
  readonly phoneCodes: PhoneCodes;
  readonly answers: CannedAnswers;
  readonly quota: Quota;
  readonly rids: RidLog;
  readonly faults: Faults;
  readonly traffic: Traffic;
  readonly log: RequestLog;
  readonly pushes: PushLog;
  readonly robots: Robots;
  readonly reordering: Reordering;
  readonly messages: SentMessage[];
  /** Aborts when the simulator closes. */
  readonly ending: AbortSignal;
}

export function openWorld(settings: SimulatorSettings, ending: AbortSignal): World {
  const seed = settings.seed ?? 1;
  const clock = new Clock(settings.timeScale ?? 1);
  const credentials = new Credentials(seed, settings.deterministic ?? false);
  return {
    seed,
    controlFrom: settings.controlFrom ?? 'anywhere',
    clock,
    chance: new Chance(seed),
    credentials,
    options: {
      ...defaultOptions(),
      duplicateRate: settings.rates?.duplicate ?? 0,
      systemErrorRate: settings.rates?.systemError ?? 0,
    },
    components: new Map(settings.components.map((one) => [one.appid, openComponent(one)])),
    accounts: new Map(settings.accounts.map((one) => [one.appid, openAccount(one, seed)])),
    tokens: new Tokens(clock, credentials),
    grants: new Grants(clock, credentials),
    logins: new Logins(clock, credentials),
    phoneCodes: new PhoneCodes(clock, credentials),
    answers: new CannedAnswers(),
    quota: new Quota(clock),
    rids: new RidLog(clock),
    faults: new Faults(),
    traffic: new Traffic(),
    log: new RequestLog(),
    pushes: new PushLog(),
    robots: new Robots(),
    reordering: new Reordering(),
    messages: [],
    ending,
  };
}
