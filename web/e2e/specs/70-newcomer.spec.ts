/** A newcomer's walk: from the first page to a space of one's own, on phone and desk, light and dark, in both languages. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import type { Catalogue } from "../../src/i18n/en.ts";
import { english } from "../../src/i18n/en.ts";
import { formatsFor } from "../../src/i18n/formats.ts";
import { italian } from "../../src/i18n/it.ts";
import { expectAccessible } from "../harness/axe.ts";
import { ARTIFACTS, ROOT } from "../harness/project.ts";
import { Server } from "../harness/server.ts";
import { expect, test } from "../harness/test.ts";

/** What the README and the docs show; written there only where that is asked for. */
const SHOWN = ["live-phone-light-en", "door-phone-light-en", "live-phone-dark-it", "onstage-phone-light-en", "live-desk-dark-en", "host-desk-light-it"];
const SHOTS = join(ARTIFACTS, "screenshots");
mkdirSync(SHOTS, { recursive: true });

function pathOf(picture: string): string {
  const wanted = process.env["ARENGO_SCREENSHOTS"] !== undefined && SHOWN.includes(picture);
  return join(wanted ? join(ROOT, "docs/screenshots") : SHOTS, `${picture}.png`);
}

interface Look {
  readonly size: "phone" | "desk";
  readonly scheme: "light" | "dark";
  readonly lang: "en" | "it";
}

const LOOKS: readonly Look[] = [
  { size: "phone", scheme: "light", lang: "en" },
  { size: "phone", scheme: "dark", lang: "it" },
  { size: "desk", scheme: "light", lang: "it" },
  { size: "desk", scheme: "dark", lang: "en" },
];
const SIZES = {
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true },
  desk: { viewport: { width: 1280, height: 800 }, deviceScaleFactor: 1 },
} as const;
const SPACE_TITLES = { en: "Bees on the roof", it: "Le api sul tetto" } as const;

let server: Server;

test.beforeAll(async () => {
  server = await Server.start({ name: "demo", command: "demo" });
});

test.afterAll(async () => server?.stop());

function words(lang: "en" | "it"): Catalogue {
  return lang === "it" ? italian(formatsFor("it-IT")) : english(formatsFor("en-GB"));
}

for (const look of LOOKS) {
  test(`a newcomer on a ${look.size}, ${look.scheme}, ${look.lang}`, async ({ browsers }) => {
    test.setTimeout(120_000);
    const t = words(look.lang);
    const browser = await browsers.of("cal");
    const context = await browser.newContext({
      ...SIZES[look.size],
      baseURL: server.url,
      locale: look.lang === "it" ? "it-IT" : "en-GB",
      colorScheme: look.scheme,
      timezoneId: "Europe/Rome",
    });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) complaints.push(message.text());
    });
    page.on("response", (response) => {
      // Whoever hangs up may find that the server has hung up already.
      const gone = response.status() === 404 && response.request().method() === "DELETE" && response.url().includes("/media/");
      if (response.status() < 400 || gone) return;
      void response.text().then((text) => complaints.push(`${response.status()} ${response.request().method()} ${response.url()} ${text}`));
    });
    const see = async (what: string, { axe = true } = {}): Promise<void> => {
      await page.screenshot({ path: pathOf(`${what}-${look.size}-${look.scheme}-${look.lang}`), animations: "disabled" });
      if (axe) await expectAccessible(page, what);
    };

    await test.step("the first page shows who speaks now", async () => {
      await page.goto("/");
      await expect(page.locator("html")).toHaveAttribute("lang", look.lang);
      await expect(page.getByRole("link", { name: /Nora Fielding/ })).toBeVisible();
      await see("home");
    });

    await test.step("the door has one button", async () => {
      await page.getByRole("link", { name: /Nora Fielding/ }).click();
      await expect(page.getByRole("button", { name: t.door.listen, exact: true })).toBeVisible();
      await expect(page.getByText(t.door.noAccount)).toBeVisible();
      await see("door");
    });

    await test.step("one tap, and one hears", async () => {
      await page.getByRole("button", { name: t.door.listen, exact: true }).click();
      await expect(page.getByRole("group", { name: t.tools.label })).toBeVisible();
      // A picture of somebody speaking, not of the breath between two words.
      for (let tries = 0; tries < 10; tries++) {
        await page.waitForFunction(() => document.querySelector(".arch.voice") !== null);
        await see("live", { axe: false });
        if (await page.locator(".arch.voice").first().isVisible()) break;
      }
      await expectAccessible(page, "live");
      await page.getByRole("button", { name: t.tools.emoji }).click();
      await expectAccessible(page, "the emoji");
      await page.getByRole("button", { name: t.emoji.names["👏"]! }).click();
    });

    await test.step("with an account one may ask to speak", async () => {
      await page.getByRole("button", { name: t.mic.offStage }).click();
      await page.getByRole("main").getByRole("link", { name: t.account.signUp }).click();
      await expectAccessible(page, "sign up");
      await page.getByLabel(t.account.name, { exact: true }).fill(`walker_${look.size}_${look.lang}`);
      await page.getByLabel(t.account.display).fill("Mina Sole");
      await page.getByLabel(t.account.password, { exact: true }).fill("a long walk in the sun");
      await see("signup", { axe: false });
      await page.getByRole("main").getByRole("button", { name: t.account.signUp }).click();
      await page.waitForURL(/\/s\//);
      const listen = page.getByRole("button", { name: t.door.listen, exact: true });
      const tools = page.getByRole("group", { name: t.tools.label });
      await expect(listen.or(tools).first()).toBeVisible();
      if (await listen.isVisible()) await listen.click();
      await page.getByRole("button", { name: t.tools.hand, exact: true }).click();
      await expect(page.getByRole("button", { name: t.mic.handUp })).toBeVisible();
      await see("hand", { axe: false });
    });

    await test.step("the host invites, and one's own yes brings one up", async () => {
      const dialog = page.getByRole("dialog", { name: t.invite.title("Nora Fielding") });
      await expect(dialog).toBeVisible();
      await see("invited");
      await dialog.getByRole("button", { name: t.invite.come }).click();
      await expect(page.getByRole("button", { name: t.mic.on })).toBeVisible();
      await see("onstage");
      await page.getByRole("button", { name: t.mic.on }).click();
      await expect(page.getByRole("button", { name: t.mic.off })).toBeVisible();
      await page.getByRole("group", { name: t.tools.label }).getByRole("button", { name: t.tools.stepDown }).click();
      await page.getByRole("dialog").getByRole("button", { name: t.leave.stepDown }).click();
    });

    await test.step("the sound goes along through the app", async () => {
      await page.getByRole("link", { name: t.space.back }).click();
      await expect(page.getByLabel(t.dock.label)).toBeVisible();
      await see("dock");
      await page.getByRole("link", { name: t.nav.account, exact: true }).first().click();
      await see("account");
    });

    await test.step("a space of one's own", async () => {
      await page.getByRole("navigation").getByRole("link", { name: t.nav.start }).click();
      await see("start");
      await page.getByLabel(t.start.what).fill(SPACE_TITLES[look.lang]);
      await page.getByRole("button", { name: t.start.goNow }).click();
      await expect(page.getByRole("heading", { name: SPACE_TITLES[look.lang] })).toBeVisible();
      await expect(page.getByRole("group", { name: t.tools.label })).toBeVisible();
      await page.getByRole("button", { name: t.mic.off }).click();
      await expect(page.getByRole("button", { name: t.mic.on })).toBeVisible();
      await see("host");
      await page.getByRole("group", { name: t.tools.label }).getByRole("button", { name: t.tools.share }).click();
      await expect(page.getByRole("img", { name: t.share.qr })).toBeVisible();
      await see("share");
      await page.keyboard.press("Escape");
    });

    await test.step("only the host ends it", async () => {
      await endSpace(page, t);
      await expect(page.getByText(t.door.endedTitle)).toBeVisible();
      await see("ended");
    });

    expect(complaints, "nothing is complained of and nothing is missing").toEqual([]);
  });
}

for (const { size, scheme, lang } of [LOOKS[0]!, LOOKS[3]!]) {
  test(`every other page is accessible on a ${size}, ${scheme}`, async ({ browsers }) => {
    const t = words(lang);
    const browser = await browsers.of("cal");
    const locale = lang === "it" ? "it-IT" : "en-GB";
    const context = await browser.newContext({ ...SIZES[size], baseURL: server.url, locale, colorScheme: scheme });
    const page = await context.newPage();
    const planned = (await (await page.request.get("/api/v1/spaces?state=scheduled")).json()) as { spaces: { id: string; title: string }[] };
    const pages = [
      ["/signin", t.account.signIn],
      ["/signup", t.account.signUp],
      ["/start", t.account.signIn],
      ["/account", t.account.signIn],
      [`/s/${planned.spaces[0]!.id}`, planned.spaces[0]!.title],
      ["/s/0000000000000", null],
      ["/nowhere", null],
    ] as const;
    for (const [path, says] of pages) {
      await page.goto(path);
      await expect(page.getByRole("main")).toBeVisible();
      if (says !== null) await expect(page.getByRole("main").getByText(says).first()).toBeVisible();
      await page.screenshot({ path: join(SHOTS, `page${path.replaceAll("/", "-")}-${size}-${scheme}-${lang}.png`), animations: "disabled" });
      await expectAccessible(page, path);
    }
  });
}

async function endSpace(page: Page, t: Catalogue): Promise<void> {
  await page.getByRole("group", { name: t.tools.label }).getByRole("button", { name: t.tools.leave }).click();
  await page.getByRole("dialog").getByRole("button", { name: t.leave.end }).click();
}
