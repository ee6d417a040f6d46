// Writes a Brotli copy beside every built file that is worth it, once, so that the server never has to.
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";

const STATIC = fileURLToPath(new URL("../../src/arengo/web/static/", import.meta.url));
const WORTH_BYTES = 1024;
/** The page itself is filled in by the server for each space, so it cannot be packed ahead. */
const PACKED = /\.(js|css|svg|webmanifest)$/;

for (const name of readdirSync(STATIC, { recursive: true })) {
  const path = join(STATIC, name);
  if (!PACKED.test(name) || statSync(path).size < WORTH_BYTES) continue;
  writeFileSync(`${path}.br`, brotliCompressSync(readFileSync(path), { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
}
