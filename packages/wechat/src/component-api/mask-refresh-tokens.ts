/** A copy with every refresh token masked at any depth: `authorizer_refresh_token` in one API, `refresh_token` in another
 * (protocol §3.7, §3.8). */
export function maskRefreshTokens(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(maskRefreshTokens);
  if (typeof value !== 'object' || value === null) return value;
  // fromEntries defines members, so that a member named `__proto__` stays a member.
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      /refresh_?token/i.test(name) && inner !== '' && inner !== null ? '***' : maskRefreshTokens(inner),
    ]),
  );
}
