/** Group robots of three messengers, which programs send alarms to. */
export const ROBOT_KINDS = ['wecom', 'dingtalk', 'feishu'] as const;
export type RobotKind = (typeof ROBOT_KINDS)[number];

/** A message that a robot was sent. */
export interface RobotMessage {
  /** ISO 8601. */
  readonly at: string;
  /** Title and text, as the group would show them. */
  readonly text: string;
  readonly mentionsAll: boolean;
  readonly body: unknown;
}

/** A request that a robot refused, with its answer. */
interface RefusedMessage {
  readonly at: string;
  readonly answer: unknown;
}

const MINUTE_MS = 60_000;
/** In any minute. */
const MAX_MESSAGES = 20;
const MAX_KEPT = 500;

export interface Robot {
  readonly kind: RobotKind;
  /** The key, the access token, or the last part of the path. */
  readonly id: string;
  /** Of signatures; 企业微信 has none. */
  secret: string;
  /** It answers HTTP 500. */
  down: boolean;
  /** Real milliseconds since 1970. */
  blockedUntil: number;
  sentAt: number[];
  readonly messages: RobotMessage[];
  readonly refused: RefusedMessage[];
}

/** What a robot's secret is until a test sets another one. */
const DEMO_SECRET = 'SECdemo';

/** A robot exists from its first message on. */
export class Robots {
  readonly #robots = new Map<string, Robot>();

  of(kind: RobotKind, id: string): Robot {
    const name = `${kind} ${id}`;
    const known = this.#robots.get(name);
    if (known !== undefined) return known;
    const robot: Robot = {
      ...{ kind, id, secret: DEMO_SECRET, down: false, blockedUntil: 0 },
      ...{ sentAt: [], messages: [], refused: [] },
    };
    this.#robots.set(name, robot);
    return robot;
  }

  all(): Robot[] {
    return [...this.#robots.values()];
  }
}

/** Whether the robot has had its messages of this minute. Each message counts, also those that are refused for it. */
export function isOverRate(robot: Robot, now: number): boolean {
  robot.sentAt = robot.sentAt.filter((at) => now - at < MINUTE_MS);
  robot.sentAt.push(now);
  return robot.sentAt.length > MAX_MESSAGES;
}

export function keep<Item>(list: Item[], item: Item): void {
  list.push(item);
  if (list.length > MAX_KEPT) list.shift();
}
