/** Half of a random key in hexadecimal digits. */
const MIN_API_KEY_LENGTH = 20;
const MIN_PASSWORD_LENGTH = 12;
/** Random keys and passwords always have more different bytes and letters. */
const MIN_DISTINCT_KEY_BYTES = 16;
const MIN_DISTINCT_LETTERS = 6;

/** Unchecked values of the environment. */
export interface GivenSecrets {
  readonly HOST?: string | undefined;
  readonly API_KEY?: string | undefined;
  readonly ADMIN_PASSWORD?: string | undefined;
  readonly SECRETS_KEY?: string | undefined;
}

/**
 * Faults of secrets that can be guessed, if other hosts can try. A wrong key or password does not block an address,
 * because valid requests may come from the same one; so secrets must be too long to guess.
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
      `SECRETS_KEY ${because}: its bytes repeat. Make a random one with "openssl rand -base64 32"; if something is already encrypted, put it first: SECRETS_KEY=NEW,OLD.`,
    );
  }
  return faults;
}

function isWeak(secret: string, minLength: number): boolean {
  return secret.length < minLength || new Set(secret).size < MIN_DISTINCT_LETTERS;
}

/** Only the first key encrypts; a weak one after it is being replaced. */
function isRepetitive(list: string): boolean {
  const first = list.split(',', 1)[0]!.trim();
  return new Set(Buffer.from(first, 'base64')).size < MIN_DISTINCT_KEY_BYTES;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d+){3}$/.test(host);
}
