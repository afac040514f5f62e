import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Fault, type Finding, failing, text, warning } from '@wxthirdparty/platform';
import { INSTALLED_STAMP, stamp } from '../../bootstrap/install.mjs';
import { isCheckout, typed } from '../installation.ts';
import { composeNames, misspeltNames } from '../misspelt-names.ts';
import { root } from '../root.ts';
import { secretFileNames } from '../secret-files.ts';
import { settingNames } from '../settings-schema.ts';
import { weakSecrets } from '../weak-secrets.ts';

/** The oldest Node with which the program runs; a checkout brings its own. */
export const MIN_NODE = '22.19';

export interface CheckedSettings {
  readonly env: NodeJS.ProcessEnv;
  /** What cannot be used; sentences without values. */
  readonly faults: readonly string[];
  /** The folder of `.env` and of the installed packages. */
  readonly folder?: string;
  readonly nodeVersion?: string;
}

/** What can be said of the settings without any network. */
export function checkSettings({
  env,
  faults,
  folder = root,
  nodeVersion = process.versions.node,
}: CheckedSettings): Finding {
  const mode = modeOf(join(folder, '.env'));
  return {
    faults: [
      ...(isOlder(nodeVersion, MIN_NODE) ? [nodeTooOld(nodeVersion)] : []),
      ...(isCheckout && hasOtherPackages(folder) ? [otherPackages()] : []),
      ...faults.map(unusable),
      ...weakSecrets(env).map(weak),
      ...unknownNames(Object.keys(env)).map(unknown),
      ...(mode !== undefined && (mode & 0o077) !== 0 ? [readable(mode)] : []),
    ],
    found: `Node ${nodeVersion}, ${mode === undefined ? 'no .env' : '.env'}`,
  };
}

export function isOlder(version: string, than: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [minMajor = 0, minMinor = 0] = than.split('.').map(Number);
  return major < minMajor || (major === minMajor && minor < minMinor);
}

/** Of the file's owner, its group and others; undefined: there is none. */
function modeOf(file: string): number | undefined {
  try {
    return statSync(file).mode & 0o777;
  } catch {
    return undefined;
  }
}

/** Without a stamp, something else has installed them: an image, or pnpm itself. */
function hasOtherPackages(folder: string): boolean {
  try {
    return readFileSync(join(folder, INSTALLED_STAMP), 'utf8') !== stamp(folder);
  } catch {
    return false;
  }
}

/** Orchestrators set such variables for a service of the name redis. */
const OF_ORCHESTRATORS = /^REDIS_(?:\d|PORT|SERVICE_|ENV_|NAME$)/;

/** Names that only settings of ours have, and that are none. */
export function unknownNames(names: readonly string[]): string[] {
  const known = new Set([...settingNames, ...secretFileNames, ...composeNames, 'WX_SECRET']);
  return names.filter((name) => /^(?:WX|REDIS)_/.test(name) && !OF_ORCHESTRATORS.test(name) && !known.has(name));
}

function nodeTooOld(version: string): Fault {
  return failing({
    code: 'node_too_old',
    cause: text(
      `This is Node ${version}; ${MIN_NODE} or newer is needed.`,
      `当前 Node 版本为 ${version}，需要 ${MIN_NODE} 或更新。`,
    ),
    remedy: text('Install a newer Node.', '请安装更新的 Node。'),
  });
}

function otherPackages(): Fault {
  return failing({
    code: 'packages_differ',
    cause: text('The installed packages are not those of pnpm-lock.yaml.', '已安装的依赖与 pnpm-lock.yaml 不一致。'),
    remedy: text(
      'Start the program by npm again, which installs what is missing.',
      '请重新通过 npm 启动程序，它会安装缺失的依赖。',
    ),
    command: typed('help'),
  });
}

function unusable(fault: string): Fault {
  return failing({
    code: 'setting_unusable',
    cause: text(fault, `设置有误：${fault}`),
    remedy: text(
      'Correct it in .env or in the environment, and restart the processes (docs/configuration.md).',
      '请在 .env 或环境变量中更正并重启进程（见 docs/configuration.md）。',
    ),
  });
}

function weak(fault: string): Fault {
  return failing({
    code: 'weak_secret',
    cause: text(fault, `密钥过弱：${fault}`),
    remedy: text('Replace it by a random one, and restart the processes.', '请换成随机生成的值并重启进程。'),
    command: 'openssl rand -hex 24',
  });
}

function unknown(name: string): Fault {
  const [meant] = misspeltNames([name], [...settingNames, ...secretFileNames]);
  return warning({
    code: 'unknown_name',
    cause: text(meant?.replace(' in .env', '') ?? `${name} is not a setting.`, `${name} 不是有效的设置名。`),
    remedy: text('Correct the name, or remove the variable.', '请更正变量名，或删除该变量。'),
  });
}

function readable(mode: number): Fault {
  return warning({
    code: 'env_readable',
    cause: text(
      `Other users of this host can read .env (mode 0${mode.toString(8)}), which contains secrets.`,
      `本机其他用户可以读取 .env（权限 0${mode.toString(8)}），其中包含密钥。`,
    ),
    remedy: text('Make it readable for its owner only.', '请设为仅所有者可读写。'),
    command: 'chmod 600 .env',
  });
}
