import { createHash } from 'node:crypto';

export interface DemoAccount {
  readonly appid: string;
  readonly kind: 'official-account' | 'mini-program';
  readonly nickName: string;
  readonly followers: number;
}

const BUSINESSES = {
  bookshop: ['official-account', '城南书店', 320],
  kindergarten: ['official-account', '阳光幼儿园', 180],
  hotpot: ['official-account', '老王火锅', 940],
  homestay: ['mini-program', '海风民宿', 60],
  florist: ['mini-program', '云上花店', 45],
  teahouse: ['official-account', '清心茶馆', 210],
  gym: ['official-account', '晨光健身', 1_260],
  coffee: ['mini-program', '北巷咖啡', 80],
  supermarket: ['official-account', '家家乐超市', 2_531],
  cycling: ['official-account', '绿野骑行', 75],
  school: ['official-account', '知行教育', 150],
} as const;

export type DemoBusiness = keyof typeof BUSINESSES;
export type DemoBusinesses = Readonly<Record<DemoBusiness, DemoAccount>>;

/** The accounts with traffic of their own. Their appids follow from the component's, so that every start has the same. */
export function demoBusinesses(component: string): DemoBusinesses {
  return Object.fromEntries(
    Object.entries(BUSINESSES).map(([name, [kind, nickName, followers]]) => [
      name,
      { appid: appidOf(component, name), kind, nickName, followers },
    ]),
  ) as Record<DemoBusiness, DemoAccount>;
}

function appidOf(component: string, name: string): string {
  return `wx${createHash('sha256').update(`${component} ${name}`).digest('hex').slice(0, 16)}`;
}
