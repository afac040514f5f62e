/** The headers of a request: of `fetch`, or of Node's and most frameworks' requests. */
export type RequestHeaders = HeadersOfFetch | Readonly<Record<string, string | readonly string[] | undefined>>;

/** `Headers` of any implementation of `fetch`. */
interface HeadersOfFetch {
  get(name: string): string | null;
}

/** The value of one header, named in lower case, whatever the case of its name in the request. */
export function headerOf(headers: RequestHeaders, name: string): string | undefined {
  if (isOfFetch(headers)) return headers.get(name) ?? undefined;
  const value = headers[name] ?? Object.entries(headers).find(([given]) => given.toLowerCase() === name)?.[1];
  return typeof value === 'string' ? value : value?.[0];
}

function isOfFetch(headers: RequestHeaders): headers is HeadersOfFetch {
  return typeof headers.get === 'function';
}
