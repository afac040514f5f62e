/** Where the operator goes after signing in: a page of the console, never another host. */
export function readTarget(search: Record<string, unknown>): { to?: string } {
  const { to } = search;
  return typeof to === 'string' && /^\/admin(?:[/?#]|$)/.test(to) ? { to } : {};
}

/** Bull Board has the same session and a page of its own. */
export function isOfConsole(to: string): boolean {
  return !/^\/admin\/queues(?:[/?#]|$)/.test(to);
}
