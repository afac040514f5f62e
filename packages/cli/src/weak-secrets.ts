/** Half a random key in hexadecimal digits has as many. */
const MIN_API_KEY_LENGTH = 20;
const MIN_PASSWORD_LENGTH = 12;
/** Of random bytes and letters there are always more. */
const MIN_DISTINCT_KEY_BYTES = 16;
const MIN_DISTINCT_LETTERS = 6;

/** As they come from the environment. */
export interface GivenSecrets {
  readonly HOST?: string | undefined;
  readonly API_KEY?: string | undefined;
  readonly ADMIN_PASSWORD?: string | undefined;
  readonly SECRETS_KEY?: string | undefined;
}

/**
 * Faults of secrets that can be guessed, where others than this host may try. A wrong key or password does not keep its
 * sender from trying again, since the right one may come from the same address; so they must be too long to guess.
 */
export function weakSecrets(given: GivenSecrets): string[] {
  const host = given.HOST ?? '127.0.0.1';
  if (isLoopback(host)) return [];
  const faults: string[] = [];
  const because = `is too weak for HOST ${host}, which other hosts can reach`;
  if (given.API_KEY !== undefined && isWeak(given.API_KEY, MIN_API_KEY_LENGTH)) {
    faults.push(
      `API_KEY ${because}; use at least ${MIN_API_KEY_LENGTH} random characters, made with "openssl rand -hex 24".`,
    );
  }
  if (given.ADMIN_PASSWORD !== undefined && isWeak(given.ADMIN_PASSWORD, MIN_PASSWORD_LENGTH)) {
    faults.push(
      `ADMIN_PASSWORD ${because}; use at least ${MIN_PASSWORD_LENGTH} characters, and more than a few different ones.`,
    );
  }
  if (given.SECRETS_KEY !== undefined && isRepetitive(given.SECRETS_KEY)) {
    faults.push(
      `SECRETS_KEY ${because}: its bytes repeat. Make a random one with "openssl rand -base64 32"; where something is sealed already, put it in front: SECRETS_KEY=NEW,OLD.`,
    );
  }
  return faults;
}

function isWeak(secret: string, minLength: number): boolean {
  return secret.length < minLength || new Set(secret).size < MIN_DISTINCT_LETTERS;
}

/** Only the first one seals; a weak one behind it is on its way out. */
function isRepetitive(list: string): boolean {
  const first = list.split(',', 1)[0]!.trim();
  return new Set(Buffer.from(first, 'base64')).size < MIN_DISTINCT_KEY_BYTES;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d+){3}$/.test(host);
}
