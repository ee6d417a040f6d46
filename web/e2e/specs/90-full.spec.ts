/** A server that takes no more listeners: it says so in the visitor's words, and they come in by themselves. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Locator, Page } from "@playwright/test";
import type { Catalogue } from "../../src/i18n/en.ts";
import { english } from "../../src/i18n/en.ts";
import { formatsFor } from "../../src/i18n/formats.ts";
import { italian } from "../../src/i18n/it.ts";
import { expectAccessible } from "../harness/axe.ts";
import { Listener, Speaker } from "../harness/headless.ts";
import { ARTIFACTS, figure, pause, until } from "../harness/project.ts";
import { Server, type SpaceFacts } from "../harness/server.ts";
import { record, tapPages } from "../harness/tap.ts";
import { type Browsers, expect, test } from "../harness/test.ts";

const SHOTS = join(ARTIFACTS, "screenshots");
mkdirSync(SHOTS, { recursive: true });

/** Long enough that the service finds itself as late as `refuse_lag_s`, which it measures four times a second. */
const STANDS_STILL_MS = 6_000;
const LISTENERS_SHED = 2;
/** The server says when to come back: 30 s at most. It may be full then still, and needs calm before it is not. */
const IN_WITHIN_MS = 90_000;

interface Look {
  readonly size: "phone" | "desk";
  readonly scheme: "light" | "dark";
  readonly lang: "en" | "it";
}

const LOOKS = {
  phoneEnglish: { size: "phone", scheme: "light", lang: "en" },
  phoneItalian: { size: "phone", scheme: "dark", lang: "it" },
  deskItalian: { size: "desk", scheme: "light", lang: "it" },
  deskEnglish: { size: "desk", scheme: "dark", lang: "en" },
} as const satisfies Record<string, Look>;
const SIZES = {
  phone: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
  desk: { viewport: { width: 1280, height: 800 } },
} as const;

/** Somebody with a language and a screen of their own. */
class Visitor {
  private constructor(
    readonly page: Page,
    readonly t: Catalogue,
    private readonly look: Look,
  ) {}

  static async at(space: SpaceFacts, server: Server, browsers: Browsers, look: Look): Promise<Visitor> {
    const locale = look.lang === "it" ? "it-IT" : "en-GB";
    const t = look.lang === "it" ? italian(formatsFor(locale)) : english(formatsFor(locale));
    const browser = await browsers.of("listener");
    const context = await browser.newContext({ ...SIZES[look.size], baseURL: server.url, locale, colorScheme: look.scheme, reducedMotion: "reduce", bypassCSP: true });
    await tapPages(context);
    const visitor = new Visitor(await context.newPage(), t, look);
    await visitor.page.goto(new URL(space.url).pathname);
    await expect(visitor.listen).toBeVisible();
    return visitor;
  }

  get listen(): Locator {
    return this.page.getByRole("button", { name: this.t.door.listen, exact: true });
  }

  /** There only for those who are inside. */
  get tools(): Locator {
    return this.page.getByRole("group", { name: this.t.tools.label });
  }

  get timer(): Locator {
    return this.page.getByRole("timer");
  }

  /** What is told to those who do not look. */
  told(sentence: string): Locator {
    return this.page.getByRole("status").filter({ hasText: sentence });
  }

  get meanwhile(): Locator {
    return this.page.getByRole("group", { name: this.t.door.whileWaiting });
  }

  async see(what: string): Promise<void> {
    const { size, scheme, lang } = this.look;
    await this.page.screenshot({ path: join(SHOTS, `${what}-${size}-${scheme}-${lang}.png`), animations: "disabled" });
  }
}

test("a full server says so at the door, and opens it by itself when there is room", async ({ browsers, ear }) => {
  test.setTimeout(240_000);
  const server = await Server.start({ name: "full" });
  try {
    const host = await server.account("host", "Nora Fielding");
    const space = await server.space(host, { title: "Bees on the roof" });
    const speaker = await Speaker.enter(space, host, ear.talks.ann);
    const [walker, waiter, reader, undecided] = await Promise.all(
      [LOOKS.phoneItalian, LOOKS.phoneEnglish, LOOKS.deskItalian, LOOKS.deskEnglish].map((look) => Visitor.at(space, server, browsers, look)),
    ) as [Visitor, Visitor, Visitor, Visitor];
    const visitors = [walker, waiter, reader, undecided];

    await test.step("the server is late, and takes no more listeners", async () => {
      server.standStill();
      await pause(STANDS_STILL_MS);
      server.goOn();
      await until("listeners to be shed", async () => (await server.metric("arengo_shedding")) === LISTENERS_SHED);
    });

    await test.step("everybody who taps Listen is told in their own language", async () => {
      await Promise.all(visitors.map((one) => one.listen.press("Enter")));
      for (const { told, t } of visitors.map((one) => ({ told: one.told(one.t.door.fullTitle), t: one.t }))) {
        await expect(told).toContainText(t.door.fullWhat);
      }
      // From here on nobody comes in until it has been looked at.
      server.standStill();
      for (const one of visitors) {
        await expect(one.timer).toBeVisible();
        await expect(one.meanwhile).toBeFocused();
        await expect(one.meanwhile).toBeInViewport({ ratio: 1 });
        await one.see("full");
      }
      for (const one of [waiter, undecided]) await expectAccessible(one.page, "the door of a full server");
    });

    await test.step("the count is for the eye: it goes on, and nothing more is told", async () => {
      const changes = await reader.page.evaluate(async () => {
        const seen = { told: 0, counted: 0 };
        const watch = (selector: string, count: () => void): void => {
          for (const one of document.querySelectorAll(selector)) {
            new MutationObserver(count).observe(one, { subtree: true, childList: true, characterData: true });
          }
        };
        watch("[role=status], [aria-live=polite], [aria-live=assertive]", () => (seen.told += 1));
        watch("[role=timer]", () => (seen.counted += 1));
        await new Promise((done) => setTimeout(done, 2_500));
        return seen;
      });
      expect(changes.told).toBe(0);
      expect(changes.counted).toBeGreaterThan(0);
      await expect(reader.timer).toHaveAttribute("aria-live", "off");
    });

    await test.step("what works still is at hand, by keyboard too", async () => {
      const { page, t, meanwhile } = undecided;
      await page.keyboard.press("Tab");
      await expect(meanwhile.getByRole("link", { name: t.door.elseLive })).toBeFocused();
      await page.keyboard.press("Tab");
      await expect(meanwhile.getByRole("button", { name: t.door.stopWaiting })).toBeFocused();
      server.goOn();
      await page.keyboard.press("Enter");
      await expect(undecided.listen).toBeVisible();
      await expect(undecided.timer).toHaveCount(0);

      await walker.meanwhile.getByRole("link", { name: walker.t.door.elseLive }).click();
      await expect(walker.page.getByRole("heading", { name: walker.t.home.title })).toBeVisible();
      const dock = walker.page.getByRole("region", { name: walker.t.dock.labelWaiting });
      await expect(dock).toContainText(walker.t.door.fullTitle);
      await walker.see("full-home");

      await waiter.page.getByRole("button", { name: waiter.t.door.share }).click();
      await expect(waiter.page.getByRole("dialog", { name: waiter.t.share.title })).toBeVisible();
      await waiter.page.keyboard.press("Escape");
    });

    await test.step("there is room, and those who waited are inside, wherever they walked", async () => {
      const begun = Date.now();
      await expect(walker.page.getByRole("region", { name: walker.t.dock.label })).toBeVisible({ timeout: IN_WITHIN_MS });
      for (const one of [waiter, reader]) await expect(one.tools).toBeVisible({ timeout: IN_WITHIN_MS });
      figure("from going on to the last of them inside", `${((Date.now() - begun) / 1_000).toFixed(1)} s`);
      await until("nothing to be shed", async () => (await server.metric("arengo_shedding")) < LISTENERS_SHED, { withinMs: IN_WITHIN_MS });
      await expect(undecided.listen).toBeVisible();
      await undecided.listen.click();
      await expect(undecided.tools).toBeVisible();
    });

    await test.step("and they hear", async () => {
      await pause(2_000);
      const heard = await Promise.all(visitors.map((one) => record(one.page, 5)));
      for (const recording of heard) expect(await ear.voices(recording)).toEqual(["ann"]);
    });
    await speaker.leave();
  } finally {
    await server.stop();
  }
});

test("where every place is taken one sees the space, and hears it when somebody leaves", async ({ browsers, ear }) => {
  test.setTimeout(180_000);
  const seats = 3;
  const server = await Server.start({ name: "taken", more: ["--media-sessions", `${seats}`] });
  try {
    const host = await server.account("host", "Nora Fielding");
    const space = await server.space(host, { title: "Bees on the roof" });
    const speaker = await Speaker.enter(space, host, ear.talks.ann);
    const early = Array.from({ length: seats - 1 }, () => Listener.enter(space, 600));
    await until("every place to be taken", async () => (await server.metric("arengo_media_sessions")) === seats, { withinMs: 30_000 });
    const late = await Promise.all([LOOKS.phoneItalian, LOOKS.deskEnglish].map((look) => Visitor.at(space, server, browsers, look)));

    for (const one of late) await one.listen.click();
    for (const one of late) {
      await expect(one.tools).toBeVisible();
      await expect(one.told(one.t.status.soundFull)).toBeVisible();
      await expect(one.timer).toBeVisible();
      await one.see("no-place");
      await expectAccessible(one.page, "a space whose places are taken");
    }

    await Promise.all(early.map((listener) => listener.leave()));
    for (const one of late) {
      await expect(one.told(one.t.status.soundFull)).toHaveCount(0, { timeout: IN_WITHIN_MS });
      await expect(one.timer).toHaveCount(0);
    }
    await pause(2_000);
    const heard = await Promise.all(late.map((one) => record(one.page, 5)));
    for (const recording of heard) expect(await ear.voices(recording)).toEqual(["ann"]);
    await speaker.leave();
  } finally {
    await server.stop();
  }
});
