import './ui/tokens.css';
import './ui/base.css';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { queryClient } from './api/query-client.ts';
import { whenSignedOut } from './api/send.ts';
import { forgetSession } from './api/session.ts';
import { router } from './app/router.tsx';
import { showLanguage } from './words/language.ts';

// The session has ended: to the sign-in page, and afterwards back.
whenSignedOut(() => {
  forgetSession();
  void router.invalidate();
});

showLanguage();

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
