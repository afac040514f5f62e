/**
 * What a key of Redis is for, without any appid or id: `token:authorizer`, `call`, `seen`, `stream`, `queue calls`; `other` for keys
 * outside the prefix.
 */
export function keyGroupOf(key: string, prefix: string): string {
  const queue = new RegExp(`^\\{${prefix}:([\\w-]+)\\}:`).exec(key);
  if (queue) return `queue ${queue[1]}`;
  if (!key.startsWith(`${prefix}:`)) return 'other';
  const rest = key.slice(prefix.length + 1);
  const tagged = /^\{[^}]*\}:(.*)$/.exec(rest);
  const parts = (tagged ? tagged[1]! : rest).split(':');
  const [name = '', second] = parts;
  // The kind of a token is part of what it is for; what follows the other names is an id.
  return name === 'token' && second !== undefined ? `${name}:${second}` : name;
}
