import { useQuery } from '@tanstack/react-query';
import { OVERVIEW_REFRESH_MS } from './use-read.ts';

/** What the gateway that answers this page can reach. It knows it also while Redis or the database is away. */
export interface Health {
  readonly redis: boolean;
  readonly database: boolean;
  readonly degraded: readonly ('redis' | 'database' | 'wechat')[];
}

/** undefined: not known, for example because the gateway itself does not answer. */
export function useHealth(): Health | undefined {
  const { data, error } = useQuery({
    queryKey: ['health'],
    queryFn: async ({ signal }) => {
      // 503 with the same body if this gateway cannot work.
      const response = await fetch('/readyz', { signal, cache: 'no-store' });
      const health = (await response.json()) as Health;
      // A proxy may answer in its place.
      if (typeof health.redis !== 'boolean') throw new Error('The answer of /readyz is not the gateway’s.');
      return health;
    },
    refetchInterval: OVERVIEW_REFRESH_MS,
  });
  return error === null ? data : undefined;
}
