import { defineConfig } from "vite";

// The server hands these files out below /dashboard under a policy without inline scripts or styles.
export default defineConfig({
  base: "/dashboard/",
  build: {
    outDir: "../src/byteward/http/dashboard/static",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
  },
});
