import { Failure } from '@wxthirdparty/wechat';

const PREFIX = 'whsec_';
/** Of a shorter text nothing but a part was copied: ours have 32 bytes. */
const MIN_BYTES = 16;

/** The secrets in a text, one a line or separated by blanks. Throws a Failure that does not repeat them. */
export function webhookSecrets(text: string, source: string): Buffer[] {
  const secrets = text.split(/\s+/).filter((part) => part !== '');
  if (secrets.length === 0) throw unusable(`${source} is empty.`);
  return secrets.map((secret, index) => {
    const base64 = secret.replace(PREFIX, '');
    const bytes = Buffer.from(base64, 'base64');
    // Node skips what is not base64.
    if (bytes.toString('base64').replace(/=+$/, '') === base64.replace(/=+$/, '') && bytes.length >= MIN_BYTES)
      return bytes;
    const which = secrets.length === 1 ? 'The secret' : `Secret ${index + 1}`;
    throw unusable(`${which} in ${source} is not "${PREFIX}" and base64; it may have been copied in part.`);
  });
}

function unusable(message: string): Failure {
  return new Failure('invalid_secret', 'operator', message);
}
