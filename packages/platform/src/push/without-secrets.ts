import type { XmlNode, XmlValue } from '@wxthirdparty/wechat';

/** WeChat's names for authorization codes, tickets and the like; a company's `code` is none (protocol §1.4). */
const SECRET = /auth_?code|authorization_?code|pre_?auth|ticket|secret|token|password/i;

/** The fields without those that would let their reader act for us. */
export function withoutSecrets(fields: XmlNode): XmlNode {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) => (SECRET.test(name) ? [] : [[name, inside(value)]])),
  );
}

function inside(value: XmlValue): XmlValue {
  if (typeof value === 'string') return value;
  if (isList(value)) return value.map((one) => (typeof one === 'string' ? one : withoutSecrets(one)));
  return withoutSecrets(value);
}

function isList(value: XmlNode | readonly (string | XmlNode)[]): value is readonly (string | XmlNode)[] {
  return Array.isArray(value);
}
