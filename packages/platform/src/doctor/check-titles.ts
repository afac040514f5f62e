import type { BothLanguages } from '../release-check/check-texts.ts';
import type { CheckName } from './check-name.ts';

/** What the console calls each check. */
export const checkTitles: Readonly<Record<CheckName, BothLanguages>> = {
  settings: { zh: '设置', en: 'Settings' },
  'secrets-key': { zh: '加密密钥', en: 'Secrets key' },
  'data-dir': { zh: '数据目录', en: 'Data folder' },
  redis: { zh: 'Redis 连接', en: 'Redis connection' },
  'redis-settings': { zh: 'Redis 设置', en: 'Redis settings' },
  'redis-memory': { zh: 'Redis 内存', en: 'Redis memory' },
  'redis-age': { zh: 'Redis 数据新旧', en: 'Age of Redis’ data' },
  clocks: { zh: '时钟', en: 'Clocks' },
  database: { zh: '数据库', en: 'Database' },
  component: { zh: '平台参数', en: 'Component settings' },
  ticket: { zh: '票据', en: 'Ticket' },
  'component-token': { zh: '平台令牌', en: 'Component token' },
  egress: { zh: '访问微信', en: 'Access to WeChat' },
  'public-url': { zh: '公网地址', en: 'Public URL' },
  'push-url': { zh: '推送地址', en: 'Push URL' },
  queues: { zh: '队列', en: 'Queues' },
  versions: { zh: '版本', en: 'Versions' },
  'second-system': { zh: '其他系统占用', en: 'Second system' },
};

/** Names a check in a text, as the console and as the command line call it. */
export function namedCheck(name: CheckName): BothLanguages {
  const { zh, en } = checkTitles[name];
  return { zh: `检查项“${zh}”（${name}）`, en: `the check “${en}” (${name})` };
}

/** The remedy of what another check examines. */
export function seeCheck(name: CheckName): BothLanguages {
  const named = namedCheck(name);
  return { zh: `请看${named.zh}的结果。`, en: `See the result of ${named.en}.` };
}

/** How to run these checks: by the button of the console, or by the command. */
export function runChecks(...names: readonly CheckName[]): BothLanguages {
  const titles = (language: 'zh' | 'en') => names.map((name) => `“${checkTitles[name][language]}”`);
  const command = `wxthirdparty doctor --only ${names.join(',')}`;
  const [zh, en] = [titles('zh').join('和'), titles('en').join(' and ')];
  return {
    zh: `在控制台“总览”点“运行检查”，查看${zh}一项（或运行 ${command}）`,
    en: `press “Run checks” on the overview of the console and read ${en} (or run ${command})`,
  };
}
