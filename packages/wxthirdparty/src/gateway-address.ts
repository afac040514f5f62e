import { ThirdpartyError } from './thirdparty-error.ts';

/** Where the gateway is, and the API key with which this program uses it. */
export interface GatewayAddress {
  /** The base URL, such as `http://127.0.0.1:3000`. */
  readonly gateway: string;
  readonly apiKey: string;
}

const FORM = "{ gateway: 'http://HOST:PORT', apiKey: 'API_KEY' } or 'http://:API_KEY@HOST:PORT'";

const DATABASE_STEPS = `The address of a database cannot be used any more: tickets, grants and tokens are now stored by the system, for any number of processes.
1. Start the system with the same appid, appsecret, Token and EncodingAESKey in its settings: npx wxthirdparty start
2. Import this database into it: npx wxthirdparty import wxthirdparty mysql://USER:PASSWORD@HOST/DATABASE
3. Create an API key: npx wxthirdparty keys create --name ThirdpartyServer --scopes calls,authorizers:read,authorizers:write
4. Put the address of the system's gateway here: ${FORM}`;

/** The fifth argument of the constructor. Throws ThirdpartyError, without what was given: it may contain a password. */
export function readGatewayAddress(db: unknown): GatewayAddress {
  if (isDatabase(db)) throw new ThirdpartyError(DATABASE_STEPS, { code: 'database_address', remedy: 'fix-request' });
  const { gateway, apiKey } = typeof db === 'string' ? fromUrl(db) : fromObject(db);
  if (apiKey === '') throw malformed('the API key is missing');
  return { gateway: baseOf(gateway), apiKey };
}

/** An address of node-orm, as a string or, for a primary and a replica, as an object. */
function isDatabase(db: unknown): boolean {
  if (typeof db === 'string')
    return /^(?:mysql|mariadb|postgres|postgresql|pg|sqlite|mongodb|redshift):/i.test(db.trim());
  if (typeof db !== 'object' || db === null) return false;
  return ['read', 'write', 'protocol', 'database'].some((name) => name in db);
}

function fromUrl(address: string): GatewayAddress {
  const url = parsed(address);
  const apiKey = decoded(url.password);
  if (apiKey === '' && url.username !== '') throw malformed('the API key belongs after a colon, as a password');
  url.username = '';
  url.password = '';
  return { gateway: url.href, apiKey };
}

function fromObject(db: unknown): GatewayAddress {
  const { gateway, apiKey } = (typeof db === 'object' && db !== null ? db : {}) as Partial<GatewayAddress>;
  if (typeof gateway !== 'string') throw malformed('it names no gateway');
  if (typeof apiKey !== 'string') throw malformed('the API key is missing');
  const url = parsed(gateway);
  if (url.username !== '' || url.password !== '') throw malformed('give the API key as apiKey, not in the URL');
  return { gateway: url.href, apiKey };
}

function parsed(address: string): URL {
  if (!URL.canParse(address)) throw malformed('it is no URL');
  const url = new URL(address);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw malformed('it is no http URL');
  return url;
}

function decoded(password: string): string {
  try {
    return decodeURIComponent(password);
  } catch {
    throw malformed('the API key has a "%" that must be written as "%25"');
  }
}

/** Paths follow it, so it ends without a slash. */
function baseOf(gateway: string): string {
  const url = new URL(gateway);
  return url.origin + url.pathname.replace(/\/+$/, '');
}

function malformed(why: string): ThirdpartyError {
  const message = `The gateway's address cannot be read: ${why}. Its form is ${FORM}.`;
  return new ThirdpartyError(message, { code: 'invalid_request', remedy: 'fix-request' });
}
