import type { Endpoint } from '@wxthirdparty/wechat';

/** The names of WeChat's APIs that programs may call, as TypeScript: `METHOD /path`, by whose token they need. */
export function endpointsOf(endpoints: readonly Endpoint[]): string {
  const callable = endpoints.filter(({ issuesCredentials }) => !issuesCredentials);
  return [
    '/** What an account that authorized you can be asked for. */',
    union(
      'AuthorizerEndpoint',
      // A person's own token goes in the query; the account is the one that the person logged in to.
      callable.filter(({ token }) => token === 'authorizer' || token === 'either' || token === 'user'),
    ),
    '/** What the component itself can be asked for. */',
    union(
      'ComponentEndpoint',
      callable.filter(({ token }) => token === 'component' || token === 'either'),
    ),
  ].join('\n');
}

function union(name: string, endpoints: readonly Endpoint[]): string {
  const seen = new Map(endpoints.map((it) => [`${it.method} ${it.path}`, it.doc]));
  const lines = [...seen].map(([endpoint, doc]) => `  /** ${doc} */\n  | '${endpoint}'`);
  return `export type ${name} =\n${lines.join('\n')};\n`;
}
