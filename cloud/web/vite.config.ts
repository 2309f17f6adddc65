import { defineConfig } from 'vitest/config';
import { VitePWA } from 'vite-plugin-pwa';

// `--mode fake`: the mesh of src/testing instead of a real one.
export default defineConfig(({ mode }) => ({
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: 'es2022',
    outDir: process.env.WAYFARE_WEB_OUT ?? 'dist',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  plugins: [
    VitePWA({
      registerType: 'prompt',
      injectRegister: false,
      manifest: {
        id: '/',
        name: 'Wayfare',
        short_name: 'Wayfare',
        description: 'Your notebooks, on whichever device can run them.',
        start_url: '/',
        scope: '/',
        display: 'standalone',
        theme_color: '#fbfaf7',
        background_color: '#fbfaf7',
        icons: [
          { src: '/icons/192.png', sizes: '192x192', type: 'image/png' },
          { src: '/icons/512.png', sizes: '512x512', type: 'image/png' },
          { src: '/icons/maskable.png', sizes: '512x512', type: 'image/png', purpose: 'maskable' },
          { src: '/icons/icon.svg', sizes: 'any', type: 'image/svg+xml' },
        ],
        shortcuts: [{ name: 'Devices', url: '/devices' }],
      },
      workbox: {
        globPatterns: ['**/*.{js,css,html,svg,png,woff2}'],
        globIgnores: ['frame.html', 'notified.js'],
        importScripts: ['notified.js'],
        navigateFallback: '/index.html',
        navigateFallbackDenylist: [/^\/(api|sync|link|mrp|pair\.|s|t|frame\.html)(\/|$)/],
        cleanupOutdatedCaches: true,
      },
    }),
  ],
  test: { include: ['src/**/*.test.{ts,tsx}'], environment: 'node' },
  define: { __FAKE__: JSON.stringify(mode === 'fake') },
}));
