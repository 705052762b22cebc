import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

// `npm run dev` serves the page and passes everything else on to a running server; ONEACTOR_URL says where it listens.
const server = process.env.ONEACTOR_URL ?? 'http://127.0.0.1:8188';

export default defineConfig({
  plugins: [react()],
  // Relative addresses, so that the page works below any path of a reverse proxy.
  base: './',
  // dist keeps the file that lets Go embed it before it is built.
  build: { target: 'es2022', emptyOutDir: false, sourcemap: false, chunkSizeWarningLimit: 900 },
  server: {
    proxy: Object.fromEntries(
      ['/api', '/oneactor', '/ws', '/templates', '/docs'].map((path) => [path, { target: server, ws: true }]),
    ),
  },
  test: { environment: 'jsdom', include: ['src/**/*.test.{ts,tsx}'], restoreMocks: true },
});
