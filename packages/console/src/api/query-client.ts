import { QueryClient } from '@tanstack/react-query';

/** What a screen has read is shown again when the operator comes back to it, also during an outage. */
const KEPT_MS = 3_600_000;

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
      gcTime: KEPT_MS,
    },
    mutations: { networkMode: 'always' },
  },
});
