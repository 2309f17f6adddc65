/// <reference types="vite/client" />
/// <reference types="vite-plugin-pwa/client" />

/** Whether this is the app with the mesh of `src/testing` in it. */
declare const __FAKE__: boolean;
