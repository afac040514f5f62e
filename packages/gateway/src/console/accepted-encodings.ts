import type { Encoding } from './console-files.ts';

/** The encodings that a client accepts by `Accept-Encoding`, the shortest result first. */
export function acceptedEncodings(header: string | undefined): Encoding[] {
  const refused = new Set<string>();
  const named = new Set<string>();
  for (const part of (header ?? '').toLowerCase().split(',')) {
    const [name = '', ...parameters] = part.split(';').map((text) => text.trim());
    const isRefused = parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter));
    (isRefused ? refused : named).add(name);
  }
  const accepts = (name: string) => named.has(name) || (named.has('*') && !refused.has(name));
  return [...(['br', 'gzip'] as const).filter(accepts), 'identity'];
}
