import { readFileSync } from 'node:fs';
import { checkEncodingAesKey, checkSettings, checkToken, SettingsError, type SimulatorSettings } from './settings.ts';

/** The settings of a simulator process. Throws `SettingsError` whose message begins with the variable's name. */
export function readSettings(env: NodeJS.ProcessEnv): SimulatorSettings {
  const settings = named(env) ?? demo(env);
  // PORT and HOST may belong to the gateway that started this process; the settings take precedence.
  return { ...settings, port: settings.port ?? portOf(env), host: settings.host ?? (env.HOST || '127.0.0.1') };
}

function portOf(env: NodeJS.ProcessEnv): number {
  const port = Number(env.PORT || 3900);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new SettingsError('PORT must be a port number');
  return port;
}

function named(env: NodeJS.ProcessEnv): SimulatorSettings | null {
  if (env.SIMULATOR_SETTINGS) return parsed('SIMULATOR_SETTINGS', env.SIMULATOR_SETTINGS);
  if (!env.SIMULATOR_SETTINGS_FILE) return null;
  let text: string;
  try {
    text = readFileSync(env.SIMULATOR_SETTINGS_FILE, 'utf8');
  } catch (error) {
    throw new SettingsError(`SIMULATOR_SETTINGS_FILE cannot be read: ${(error as Error).message}`);
  }
  return parsed('SIMULATOR_SETTINGS_FILE', text);
}

function parsed(variable: string, text: string): SimulatorSettings {
  let settings: unknown;
  try {
    settings = JSON.parse(text);
  } catch {
    throw new SettingsError(`${variable} is not JSON`);
  }
  return about(variable, () => checkSettings(settings));
}

function demo(env: NodeJS.ProcessEnv): SimulatorSettings {
  const needed = (name: string): string => {
    const value = env[name];
    if (!value) throw new SettingsError(`${name} is missing; set it or SIMULATOR_SETTINGS`);
    return value;
  };
  const appid = needed('WX_COMPONENT_APPID');
  const appsecret = needed('WX_COMPONENT_APPSECRET');
  const token = needed('WX_TOKEN');
  const encodingAesKey = needed('WX_ENCODING_AES_KEY');
  checkToken(token, 'WX_TOKEN');
  checkEncodingAesKey(encodingAesKey, 'WX_ENCODING_AES_KEY');
  const platform = (env.WXTHIRDPARTY_URL || 'http://127.0.0.1:3000').replace(/\/+$/, '');
  if (!/^https?:\/\//.test(platform) || !URL.canParse(platform)) {
    throw new SettingsError('WXTHIRDPARTY_URL must be an http or https URL');
  }
  return checkSettings({
    components: [
      {
        appid,
        appsecret,
        token,
        encodingAesKey,
        eventUrl: `${platform}/wechat/${appid}/events`,
        messageUrl: `${platform}/wechat/${appid}/messages/$APPID$`,
      },
    ],
    accounts: [
      { appid: 'wx00000000000000a1', kind: 'official-account', nickName: '演示服务号', followers: 25 },
      { appid: 'wx00000000000000b2', kind: 'mini-program', nickName: '演示小程序' },
    ],
  });
}

function about<T>(variable: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof SettingsError) throw new SettingsError(`${variable}: ${error.message}`);
    throw error;
  }
}
