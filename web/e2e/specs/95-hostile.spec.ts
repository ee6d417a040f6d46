/** What hostile words and hostile sites come to in a real browser, with the content policy in force. */
import { createServer, type Server as Site } from "node:http";
import type { AddressInfo } from "node:net";
import type { BrowserContext, Page } from "@playwright/test";
import { signIn } from "../harness/browsers.ts";
import type { Account, Server } from "../harness/server.ts";
import { type Browsers, expect, test } from "../harness/test.ts";

const MARKUP = `<img src=x onerror="window.hit=1"><script>window.hit=1</script>`;

declare global {
  interface Window {
    hit?: number;
  }
}

/** A context with the policy in force, which the other specs lift for their tap. */
async function aContext(browsers: Browsers, server: Server, as?: Account): Promise<BrowserContext> {
  const context = await (await browsers.of("listener")).newContext({ baseURL: server.url, locale: "en-GB" });
  if (as !== undefined) await signIn(context, server, as);
  return context;
}

/** A site of somebody else. It is on the same host, so that cookies go along even where SameSite would keep them back. */
async function anotherSite(): Promise<{ site: Site; url: string }> {
  const site = createServer((_request, response) => {
    response.setHeader("content-type", "text/html");
    response.end("<!doctype html><title>elsewhere</title>");
  });
  await new Promise<void>((done) => site.listen(0, "127.0.0.1", done));
  return { site, url: `http://localhost:${(site.address() as AddressInfo).port}/` };
}

test("markup in titles and names is shown as it was written, and does nothing", async ({ browsers, server, people }) => {
  const mallory = await people.account("mallory", MARKUP.slice(0, 40));
  const space = await server.space(mallory, { title: MARKUP, topics: ["<b>bold</b>"] });
  const context = await aContext(browsers, server);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  for (const path of ["/", `/s/${space.id}`]) {
    await page.goto(path);
    await expect(page.getByText(MARKUP).first()).toBeVisible();
  }
  await page.getByRole("button", { name: "Listen" }).click();
  await expect(page.getByText(MARKUP).first()).toBeVisible();
  expect(await page.evaluate(() => window.hit)).toBeUndefined();
  expect(complaints).toEqual([]);
  // Were some markup to get in all the same, the policy would keep its script from running.
  await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "window.hit = 1";
    document.head.append(script);
  });
  expect(await page.evaluate(() => window.hit)).toBeUndefined();
});

test("another site frames nothing, reads nothing, changes nothing and opens no channel with a visitor's cookie", async ({ browsers, server, people }) => {
  const nora = await people.account("nora");
  const space = await server.space(nora, { visibility: "private" });
  const { site, url } = await anotherSite();
  try {
    const context = await aContext(browsers, server, nora);
    const page = await context.newPage();
    await page.goto(url);
    const reads = await page.evaluate(
      ([at]) => fetch(`${at}/api/v1/me`, { credentials: "include" }).then(() => "read", () => "kept back"),
      [server.url],
    );
    expect(reads).toBe("kept back");
    await page.evaluate(
      ([at, id]) =>
        Promise.allSettled([
          fetch(`${at}/api/v1/spaces/${id}/end`, { method: "POST", credentials: "include", mode: "no-cors" }),
          fetch(`${at}/api/v1/session`, { method: "DELETE", credentials: "include" }),
        ]),
      [server.url, space.id],
    );
    const closed = await page.evaluate(
      ([at, id]) =>
        new Promise<number>((done) => {
          const socket = new WebSocket(`${at!.replace("http", "ws")}/api/v1/spaces/${id}/channel`);
          socket.onopen = () => socket.send(JSON.stringify({ type: "hello" }));
          socket.onclose = ({ code }) => done(code);
        }),
      [server.url, space.id],
    );
    expect(closed).toBe(4403);
    await page.evaluate(([at]) => {
      const frame = document.createElement("iframe");
      frame.src = `${at}/`;
      document.body.append(frame);
      return new Promise((done) => (frame.onload = done));
    }, [server.url]);
    const framed = page.frames().find((frame) => frame !== page.mainFrame());
    expect(await framed?.evaluate(() => document.querySelector("main")).catch(() => null)).toBeNull();
    const mine = (await server.api(nora.token, "GET", `/spaces/${space.id}`)) as { state: string };
    expect(mine.state).toBe("live");
    await page.goto(`${server.url}/account`);
    await expect(page.getByText("nora").first()).toBeVisible();
  } finally {
    site.close();
  }
});

test("a link to sign in leads nowhere else afterwards", async ({ browsers, server, people }) => {
  const pia = await people.account("pia");
  for (const next of ["//elsewhere.example/", "https://elsewhere.example/", "javascript:window.hit=1", "/\\elsewhere.example"]) {
    const page = await (await aContext(browsers, server)).newPage();
    await signInBy(page, `/signin?next=${encodeURIComponent(next)}`, pia);
    await expect.poll(() => page.url()).toBe(`${server.url}/`);
    expect(await page.evaluate(() => window.hit)).toBeUndefined();
  }
});

test("whoever comes to the browser after signing out finds nothing private in it", async ({ browsers, server, people }) => {
  const host = await people.account("rosa");
  const space = await server.space(host, { visibility: "private", title: "Between us" });
  const context = await aContext(browsers, server, host);
  const page = await context.newPage();
  await page.goto(`/s/${space.id}`);
  await expect(page.getByText("Between us").first()).toBeVisible();
  await page.goto("/account");
  await page.getByRole("button", { name: "Sign out", exact: true }).click();
  const whoIsHere = async () => ((await (await fetch("/api/v1/session")).json()) as { me: unknown }).me;
  await expect.poll(() => page.evaluate(whoIsHere)).toBeNull();
  await page.goto(`/s/${space.id}`);
  await expect(page.getByText("Between us")).toHaveCount(0);
  await page.goBack();
  await expect(page.getByText("Between us")).toHaveCount(0);
  const kept = await page.evaluate(async () => {
    const requests = await Promise.all((await caches.keys()).map(async (name) => (await caches.open(name)).keys()));
    return requests.flat().map((request) => new URL(request.url).pathname);
  });
  expect(kept.filter((path) => path.startsWith("/api/") || path.startsWith("/s/"))).toEqual([]);
});

async function signInBy(page: Page, path: string, who: Account): Promise<void> {
  await page.goto(path);
  await page.getByLabel("Name").fill(who.name);
  await page.getByLabel("Password").fill(who.password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
}
