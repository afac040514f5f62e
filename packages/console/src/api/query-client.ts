import { QueryClient } from '@tanstack/react-query';

/** What a screen has read is shown again when the operator opens it again, also during an outage. */
const CACHE_TTL_MS = 3_600_000;

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // The next refresh is the retry; an error is shown at once, beside the old data.
      retry: false,
      // The gateway may be on this machine, which the browser considers offline.
      networkMode: 'always',
      refetchIntervalInBackground: false,
      refetchOnWindowFocus: true,
      staleTime: 1_000,
      gcTime: CACHE_TTL_MS,
    },
    mutations: { networkMode: 'always' },
  },
});
