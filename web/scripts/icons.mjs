// Draws the PNG icons from the SVG ones with the system's Chromium; run it when an icon changes and commit what it draws.
import { readFileSync, writeFileSync } from "node:fs";
import { chromium } from "playwright-core";

const FOLDER = new URL("../public/icons/", import.meta.url);
const DRAWN = [
  { file: "arengo-48.png", from: "arengo.svg", size: 48, clear: true },
  { file: "arengo-192.png", from: "arengo-tile.svg", size: 192, round: 40 },
  { file: "arengo-512.png", from: "arengo-tile.svg", size: 512, round: 108 },
  { file: "arengo-maskable-512.png", from: "arengo-tile.svg", size: 512 },
  { file: "apple-touch-icon.png", from: "arengo-tile.svg", size: 180 },
];

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-background-networking"] });
try {
  for (const { file, from, size, round = 0, clear = false } of DRAWN) {
    const page = await browser.newPage({ viewport: { width: size, height: size } });
    const svg = readFileSync(new URL(from, FOLDER), "utf8");
    await page.setContent(`<style>*{margin:0}svg{display:block;width:${size}px;height:${size}px;border-radius:${round}px}</style>${svg}`);
    writeFileSync(new URL(file, FOLDER), await page.screenshot({ omitBackground: clear || round > 0 }));
    await page.close();
  }
} finally {
  await browser.close();
}
