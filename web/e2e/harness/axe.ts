/** Looks at a page as assistive technology would; axe-core runs in the page without being part of it. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type Page, expect } from "@playwright/test";

const SOURCE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface AxeResults {
  readonly violations: readonly {
    readonly id: string;
    readonly help: string;
    readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
  }[];
}

/** Nothing is found on the page as it stands now. */
export async function expectAccessible(page: Page, what: string): Promise<void> {
  await page.evaluate(SOURCE);
  const results = await page.evaluate(async () => (window as unknown as { axe: { run(): Promise<unknown> } }).axe.run()) as AxeResults;
  const found = results.violations.flatMap((violation) =>
    violation.nodes.map((node) => `${violation.id}: ${violation.help}: ${node.html.slice(0, 160)} ${node.failureSummary ?? ""}`),
  );
  expect.soft(found, `axe on ${what}`).toEqual([]);
}
