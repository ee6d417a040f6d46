import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

/**
 * The service worker is one classic script at the root, so that its scope is the whole site.
 * It is built after the page, whose hashed files it is given as `__ASSETS__` and whose version as `__BUILD__`.
 */
const OUT = "../src/arengo/web/static";
const ENTRY = "src/sw/sw.ts";

interface ManifestEntry {
  readonly file: string;
  readonly css?: readonly string[];
  readonly assets?: readonly string[];
}

function builtFiles(): string[] {
  const manifest = `${OUT}/manifest.build.json`;
  if (!existsSync(manifest)) return [];
  const entries = Object.values(JSON.parse(readFileSync(manifest, "utf8")) as Record<string, ManifestEntry>);
  const files = entries.flatMap((entry) => [entry.file, ...(entry.css ?? []), ...(entry.assets ?? [])]);
  return [...new Set(files)].sort().map((file) => `/${file}`);
}

const assets = builtFiles();

export default defineConfig({
  publicDir: false,
  define: {
    __ASSETS__: JSON.stringify(assets),
    __BUILD__: JSON.stringify(fingerprint(assets)),
  },
  build: {
    target: "es2022",
    outDir: OUT,
    emptyOutDir: false,
    rollupOptions: {
      input: fileURLToPath(new URL(ENTRY, import.meta.url)),
      output: { format: "iife", entryFileNames: "sw.js" },
    },
  },
});

/** A short, stable name for this set of files: FNV-1a over their hashed names. */
function fingerprint(files: readonly string[]): string {
  let hash = 0x811c9dc5;
  for (const char of files.join("\n")) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, "0");
}
