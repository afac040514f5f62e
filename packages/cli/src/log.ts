import { type DestinationStream, type Logger, pino } from 'pino';
import pretty from 'pino-pretty';

/**
 * Log calls leave secrets out by themselves; this is the net beneath them. A Failure's `code` is one of our own words
 * and stays readable; an authorization code never goes by that bare name.
 */
const SECRET_KEYS = [
  'authorization',
  'Authorization',
  'token',
  'accessToken',
  'access_token',
  'refreshToken',
  'refresh_token',
  'secret',
  'appsecret',
  'ticket',
  'authCode',
  'auth_code',
  'authorization_code',
  'encodingAesKey',
  'password',
  'apiKey',
  'openid',
  'openids',
  'FromUserName',
];

/** JSON lines to stdout; readable ones when somebody looks at them; or to the given destination. */
export function openLog(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    redact: { paths: SECRET_KEYS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]), censor: '[secret]' },
  };
  if (destination) return pino(options, destination);
  return process.stdout.isTTY ? pino(options, pretty({ sync: true, ignore: 'pid,hostname' })) : pino(options);
}
