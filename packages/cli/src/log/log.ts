import { type DestinationStream, type Logger, pino } from 'pino';
import { redact } from './redact.ts';

/**
 * Log calls leave secrets out by themselves; this is the net beneath them. A Failure's `code` is one of our own words
 * and stays readable; an authorization code never goes by that bare name.
 */
const SECRETS = new Set([
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
]);

/** JSON lines to the given destination. */
export function openLog(level: string, destination: DestinationStream): Logger {
  const options = {
    level,
    // What `censored` makes of an error is written as it is.
    serializers: { err: (error: unknown) => error },
    formatters: { log: (line: Record<string, unknown>) => redact(line, SECRETS) },
  };
  return pino(options, destination);
}
