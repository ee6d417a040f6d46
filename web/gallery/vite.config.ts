import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

/** Serves the scenes; no hot reload, because each scene takes the address of the page that it plays. */
export default defineConfig({ plugins: [svelte()], cacheDir: "node_modules/.vite-gallery", server: { port: 5199, strictPort: true, hmr: false } });
