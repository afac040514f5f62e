/**
 * An answer to a component's own API in which no account's refresh token can be read: it is the lasting consent of a
 * merchant and never leaves the platform. Every other byte stays as WeChat sent it. What people's logins answer is left
 * alone: those refresh tokens are the business's.
 */
export function withoutRefreshTokens(path: string, body: Buffer): Buffer {
  if (!path.toLowerCase().startsWith('/cgi-bin/component/') || !body.includes('refresh_token')) return body;
  const masked = body.toString('latin1').replace(/("\w*refresh_token"\s*:\s*")(?:[^"\\]|\\.)+(?=")/gi, '$1***');
  return Buffer.from(masked, 'latin1');
}
