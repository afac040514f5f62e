/**
 * Masks the refresh tokens of accounts in answers of component APIs: a refresh token is the lasting consent of a merchant, and
 * callers never receive it. All other bytes stay as WeChat sent them. Answers to users' logins are not changed: those refresh
 * tokens belong to the business.
 */
export function withoutRefreshTokens(path: string, body: Buffer): Buffer {
  if (!path.toLowerCase().startsWith('/cgi-bin/component/') || !body.includes('refresh_token')) return body;
  const masked = body.toString('latin1').replace(/("\w*refresh_token"\s*:\s*")(?:[^"\\]|\\.)+(?=")/gi, '$1***');
  return Buffer.from(masked, 'latin1');
}
