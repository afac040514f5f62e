import { QueryClient } from '@tanstack/react-query';

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
    },
    mutations: { networkMode: 'always' },
  },
});
