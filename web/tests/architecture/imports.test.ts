import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const SOURCE = fileURLToPath(new URL("../../src", import.meta.url));

/** Which layer may import which; a layer may always import itself. `types`: only by `import type`. */
const MAY: Readonly<Record<string, { readonly all: readonly string[]; readonly types: readonly string[] }>> = {
  protocol: { all: [], types: [] },
  model: { all: ["protocol"], types: [] },
  media: { all: ["model", "protocol"], types: [] },
  platform: { all: ["model", "protocol"], types: [] },
  i18n: { all: [], types: ["model", "protocol", "ui"] },
  ui: { all: ["i18n", "styles", "protocol"], types: ["model"] },
  features: { all: ["ui", "i18n", "styles", "protocol"], types: ["model"] },
  sw: { all: [], types: [] },
};

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
  readonly file: string;
}

function files(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? files(path) : /\.(ts|svelte)$/.test(name) ? [path] : [];
  });
}

function layerOf(path: string): string {
  return relative(SOURCE, path).split(sep)[0] ?? "";
}

function importsOf(file: string): Import[] {
  const text = readFileSync(file, "utf8");
  const found = [...text.matchAll(/(?:import|export)\s+(type\s)?([^;"']*?from\s*)?["'](\.[^"']+)["']|import\(\s*["'](\.[^"']+)["']\s*\)/g)];
  return found.map(([, type, , still, lazy]) => ({
    from: layerOf(file),
    to: layerOf(resolve(dirname(file), still ?? lazy ?? "")),
    typeOnly: type !== undefined,
    file: relative(SOURCE, file),
  }));
}

describe("imports point inwards", () => {
  it.each(Object.keys(MAY))("from %s", (layer) => {
    const folder = join(SOURCE, layer);
    const imports = existsSync(folder) ? files(folder).flatMap(importsOf) : [];
    const { all, types } = MAY[layer] ?? { all: [], types: [] };
    const wrong = imports.filter(({ to, typeOnly }) => to !== layer && !all.includes(to) && !(typeOnly && types.includes(to)));
    expect(wrong).toEqual([]);
  });

  it("into no layer that this test does not know", () => {
    const known = [...Object.keys(MAY), "styles"];
    const folders = readdirSync(SOURCE).filter((name) => statSync(join(SOURCE, name)).isDirectory());
    expect(folders.filter((name) => !known.includes(name))).toEqual([]);
  });
});
