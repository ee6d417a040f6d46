// Takes pictures of scenes and runs axe on them: node gallery/shoot.mjs FOLDER [scene…]; needs `npx vite --config gallery/vite.config.ts` running.
import { mkdirSync, readFileSync } from "node:fs";
import { chromium } from "playwright-core";

const [folder = "gallery/shots", ...wanted] = process.argv.slice(2);
const BASE = process.env.GALLERY ?? "http://localhost:5199/gallery/";
const SIZES = { phone: { width: 390, height: 844 }, desk: { width: 1280, height: 800 }, short: { width: 320, height: 568 } };
const looks = (process.env.LOOKS ?? "phone-light-en,phone-dark-en,desk-light-en,phone-light-it").split(",").map((look) => look.split("-"));
const axe = readFileSync(new URL("../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");

mkdirSync(folder, { recursive: true });
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"] });
let faults = 0;
try {
  for (const [size, scheme, lang] of looks) {
    const context = await browser.newContext({ viewport: SIZES[size], colorScheme: scheme, deviceScaleFactor: Number(process.env.SCALE ?? 1), hasTouch: size !== "desk", isMobile: size !== "desk", timezoneId: "Europe/Rome", locale: lang === "it" ? "it-IT" : "en-GB" });
    for (const scene of wanted) {
      const page = await context.newPage();
      page.on("pageerror", (error) => console.log(scene, "ERROR", error.message));
      page.on("console", (message) => message.type() === "error" && console.log(scene, "console:", message.text().slice(0, 160)));
      const [name, press] = scene.split(":");
      try {
      await page.goto(`${BASE}?scene=${name}&lang=${lang}`);
      await page.waitForSelector("main > *:not(.sr)", { timeout: 20_000 });
      if (press) for (const label of press.split(">")) await page.getByRole("button", { name: label }).first().click({ timeout: 5000 });
      await page.evaluate(() => document.fonts.ready);
      await page.waitForTimeout(1200);
      await page.screenshot({ path: `${folder}/${scene.replace(/[^a-z0-9-]+/gi, "_")}-${size}-${scheme}-${lang}.png` });
      await page.addScriptTag({ content: axe });
      const { violations } = await page.evaluate(() => globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
      for (const one of violations) {
        faults += 1;
        console.log(scene, size, scheme, lang, one.id, one.help, one.nodes.slice(0, 3).map((node) => `${node.target} ${node.any[0]?.message ?? node.failureSummary}`));
      }
      } catch (error) {
        faults += 1;
        console.log(scene, size, scheme, lang, String(error).slice(0, 200));
      }
      await page.close();
    }
    await context.close();
  }
} finally {
  await browser.close();
}
console.log(faults === 0 ? "axe finds nothing" : `axe finds ${faults}`);
