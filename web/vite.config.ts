import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

/** Where `arengo serve` listens while one works on the page with `npm run dev`. */
const SERVICE = "http://localhost:8000";

export default defineConfig({
  plugins: [svelte()],
  build: {
    target: "es2022",
    outDir: "../src/arengo/web/static",
    emptyOutDir: true,
    manifest: "manifest.build.json",
    modulePreload: { polyfill: false },
    // The content security policy allows no data: fonts or scripts.
    assetsInlineLimit: 0,
  },
  server: {
    port: 5173,
    proxy: {
      // The service takes only its own page's word.
      "/api": { target: SERVICE, ws: true, headers: { origin: SERVICE } },
      "/healthz": SERVICE,
      "/readyz": SERVICE,
    },
  },
  test: {
    include: ["tests/**/*.test.ts", "src/**/*.test.ts"],
    environment: "node",
  },
});
