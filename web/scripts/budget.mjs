// Fails when a page's script, compressed as it travels, outgrows its budget.
// A page weighs the entry, everything the entry imports at once, and the lazily loaded chunks that the page needs.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const STATIC = new URL("../../src/arengo/web/static/", import.meta.url);
const KILO = 1000;

/** One reader needs one language; the largest stands for all. */
const LANGUAGE = /\/i18n\/it\./;

/** Lazy chunks are named by the source that they start from. */
const PAGES = {
  home: { most: 100 * KILO, needs: [/\/features\/home\//, LANGUAGE] },
  space: { most: 100 * KILO, needs: [/\/features\/space\//, LANGUAGE] },
};

const manifest = JSON.parse(readFileSync(new URL("manifest.build.json", STATIC), "utf8"));

function closure(keys, seen = new Set()) {
  for (const key of keys) {
    if (seen.has(key)) continue;
    seen.add(key);
    closure(manifest[key].imports ?? [], seen);
  }
  return seen;
}

const weigh = (key) => gzipSync(readFileSync(new URL(manifest[key].file, STATIC)), { level: 6 }).length;

let failed = false;
for (const [page, { most, needs }] of Object.entries(PAGES)) {
  const entries = Object.keys(manifest).filter((key) => manifest[key].isEntry);
  const lazy = Object.keys(manifest).filter((key) => manifest[key].isDynamicEntry && needs.some((need) => need.test(`/${key}`)));
  const chunks = [...closure([...entries, ...lazy])].filter((key) => manifest[key].file.endsWith(".js"));
  const total = chunks.reduce((sum, key) => sum + weigh(key), 0);
  const verdict = total <= most ? "ok" : "TOO LARGE";
  console.log(`${page}: ${(total / KILO).toFixed(1)} kB of script in ${chunks.length} files, at most ${most / KILO} kB: ${verdict}`);
  failed ||= total > most;
}
process.exitCode = failed ? 1 : 0;
