import { type DestinationStream, type Logger, pino } from 'pino';
import { redact } from './redact.ts';

/**
 * Log calls do not contain secrets; this is the second line of defence. A Failure's `code` is one of our own names and
 * stays readable; an authorization code never has that name.
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

/** JSON lines to the given destination; `time` is ISO 8601 in UTC. */
export function openLog(level: string, destination: DestinationStream): Logger {
  const options = {
    level,
    timestamp: pino.stdTimeFunctions.isoTime,
    // `redact` has already serialized the error.
    serializers: { err: (error: unknown) => error },
    formatters: { log: (line: Record<string, unknown>) => redact(line, SECRETS) },
  };
  return pino(options, destination);
}
