import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { compress } from './build/compress.ts';

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: '/admin/',
  plugins: [react(), compress()],
  build: {
    target: ['chrome123', 'firefox128', 'safari17.5'],
    // Inlined files would be `data:` URLs, which the content security policy permits for images only.
    assetsInlineLimit: 0,
    // Names the chunks of each screen, for the test of their sizes.
    manifest: true,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: {
    proxy: Object.fromEntries(
      // A gateway started by `npm start` on its usual port. It permits writing only if Host and Origin are the same.
      ['/v1', '/admin/api', '/admin/queues'].map((path) => [
        path,
        { target: 'http://127.0.0.1:3000', changeOrigin: false },
      ]),
    ),
  },
});
