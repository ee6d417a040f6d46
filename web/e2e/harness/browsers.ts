/** Chromium as people have it, with a microphone that plays a known voice. */
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Browser, type BrowserContext, type Page, chromium } from "@playwright/test";
import { ARTIFACTS, CHROMIUM, needs } from "./project.ts";
import type { Account, Server } from "./server.ts";
import { tapPages } from "./tap.ts";

const FLAGS = [
  "--use-fake-ui-for-media-stream",
  "--autoplay-policy=no-user-gesture-required",
  "--allow-loopback-in-peer-connection",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // Pages of one test lie behind each other and must not be put to sleep.
  "--disable-backgrounding-occluded-windows",
  "--disable-renderer-backgrounding",
  "--disable-background-timer-throttling",
];

/** Two cores draw six pages and play their sound: let them draw little. */
const CALM = { viewport: { width: 390, height: 700 }, reducedMotion: "reduce" } as const;

export interface LaunchOptions {
  /** WAV that the microphone plays in a loop. */
  readonly microphone?: string;
  /** Run inside a network namespace of this name. */
  readonly namespace?: string;
}

export async function launch(options: LaunchOptions = {}): Promise<Browser> {
  needs(CHROMIUM, "apt-get install chromium, or set ARENGO_CHROMIUM");
  const sandbox = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  const device =
    options.microphone === undefined
      ? ["--use-fake-device-for-media-stream"]
      : ["--use-fake-device-for-media-stream", `--use-file-for-fake-audio-capture=${options.microphone}`];
  return chromium.launch({
    executablePath: options.namespace === undefined ? CHROMIUM : wrapperFor(options.namespace),
    headless: true,
    args: [...FLAGS, ...sandbox, ...device],
  });
}

/** A program that starts Chromium in a namespace, since a browser is started by one path. */
function wrapperFor(namespace: string): string {
  const path = join(ARTIFACTS, `chromium-in-${namespace}`);
  writeFileSync(path, `#!/bin/sh\nexec ip netns exec ${namespace} ${CHROMIUM} "$@"\n`);
  chmodSync(path, 0o755);
  return path;
}

/** A fresh page with the tap in it; *as* signs somebody in first, *baseURL* is another way to the server, *scripts* run in the page before its own. */
export async function visit(
  browser: Browser,
  server: Server,
  as?: Account,
  path = "/",
  baseURL = server.url,
  scripts: readonly (() => void)[] = [],
): Promise<Page> {
  const context = await browser.newContext({ baseURL, locale: "en-GB", bypassCSP: true, ...CALM });
  await tapPages(context);
  for (const script of scripts) await context.addInitScript(script);
  if (as !== undefined) await signIn(context, server, as);
  const page = await context.newPage();
  await page.goto(path);
  return page;
}

/** Take a session cookie by the API, as the app's own form does. */
export async function signIn(context: BrowserContext, server: Server, who: Account): Promise<void> {
  await context.request.get(`${server.url}/api/v1/instance`);
  const csrf = (await context.cookies()).find((cookie) => cookie.name === "arengo_csrf")?.value ?? "";
  const answer = await context.request.post(`${server.url}/api/v1/session`, {
    data: { name: who.name, password: who.password },
    headers: { origin: server.url, "x-csrf-token": csrf },
  });
  if (!answer.ok()) throw new Error(`signing in ${who.name}: ${answer.status()} ${await answer.text()}`);
}
