import type { ReceivedEnvelope } from './envelope.ts';
import { EnvelopeFailure } from './envelope-failure.ts';
import { readXml } from './read-xml.ts';

/** Longer than anything WeChat sends; envelopes are stored, so nobody should choose their size. */
const longestParameter = 128;

/**
 * Takes a push apart without opening it. The 3-element `signature` is not looked at: it does not cover the body
 * (dossier §1.2). Throws EnvelopeFailure −40001 for the query, −40002 for the body.
 */
export function readEnvelope(query: Record<string, unknown>, body: Buffer): ReceivedEnvelope {
  const timestamp = parameter(query, 'timestamp');
  const nonce = parameter(query, 'nonce');
  const msgSignature = parameter(query, 'msg_signature');
  const fields = readXml(body);
  const encrypt = fields.Encrypt;
  if (typeof encrypt !== 'string' || encrypt === '') throw new EnvelopeFailure(-40002, 'there is no Encrypt');
  const outer = (['AppId', 'ToUserName'] as const).find((name) => typeof fields[name] === 'string');
  const outerValue = outer === undefined ? undefined : (fields[outer] as string);
  return { timestamp, nonce, msgSignature, encrypt, outer, outerValue };
}

/** Exactly one, exactly as it came: a parameter given twice arrives as an array, and two readers might pick
 * different ones. */
function parameter(query: Record<string, unknown>, name: string): string {
  const value = query[name];
  if (typeof value !== 'string' || value === '' || value.length > longestParameter) {
    throw new EnvelopeFailure(-40001, `${name} must be given once`);
  }
  return value;
}
