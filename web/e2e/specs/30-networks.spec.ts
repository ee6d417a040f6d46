/** Networks that block, lose and delay: a browser in a namespace of its own, a headless speaker outside. */
import { type Browser, type Page } from "@playwright/test";
import { launch, visit } from "../harness/browsers.ts";
import { Speaker } from "../harness/headless.ts";
import { Network } from "../harness/namespace.ts";
import { figure, percent } from "../harness/project.ts";
import { Relay } from "../harness/relay.ts";
import { type Account, Server, type SpaceFacts } from "../harness/server.ts";
import { Stay } from "../harness/stay.ts";
import { concealed, record, sounds } from "../harness/tap.ts";
import { expect, test } from "../harness/test.ts";

let network: Network;
let server: Server;
let browser: Browser;
let host: Account;
let space: SpaceFacts;
let speaker: Speaker;

test.beforeAll(async ({ ear }) => {
  network = Network.lay(0);
  server = await Server.start({ publicIps: [network.here], name: "networks" });
  browser = await launch({ namespace: network.name });
  host = await server.account("host");
  space = await server.space(host, { title: "A hard road" });
  speaker = await Speaker.enter(space, host, ear.talks.ann);
});

test.afterEach(async () => {
  await Promise.all(browser.contexts().map((context) => context.close()));
  network.heal();
});

test.afterAll(async () => {
  await speaker?.leave();
  await browser?.close();
  await server?.stop();
  network?.remove();
});

async function listen(): Promise<Page> {
  const page = await visit(browser, server, undefined, new URL(space.url).pathname, `http://${network.here}:${server.port}`);
  await new Stay(page).listen();
  await page.waitForTimeout(2_000);
  return page;
}

test("with UDP dropped the sound comes over ICE-TCP", async ({ ear }) => {
  network.dropUdp();
  const page = await listen();
  expect(await ear.voices(await record(page, 5))).toEqual(["ann"]);
  expect((await sounds(page)).protocol).toBe("tcp");
  expect(network.dropped()).toBeGreaterThan(0);
});

for (const loss of [5, 15]) {
  test(`with ${loss} % of the packets lost the sound goes on`, async ({ ear }) => {
    const page = await listen();
    network.loseSound(loss, server.mediaPort);
    const before = await sounds(page);
    const recording = await record(page, 10);
    const after = await sounds(page);
    const received = after.packetsReceived - before.packetsReceived;
    const lost = after.packetsLost - before.packetsLost;
    figure(`${loss} % loss: packets lost, samples concealed while a slot is lent`, `${percent(lost / (received + lost))}, ${percent(concealed(before, after))}`);
    expect(network.dropped()).toBeGreaterThan(0);
    expect(await ear.voices(recording)).toEqual(["ann"]);
    expect((await ear.listen(recording)).spans).toHaveLength(1);
  });
}

test("with 60 ms of jitter the sound goes on", async ({ ear }) => {
  const relay = await Relay.open({ to: { address: network.here, port: server.mediaPort }, jitterMs: 60, seed: 20 });
  network.divertSound(server.mediaPort, relay.port);
  try {
    const page = await listen();
    await page.waitForTimeout(3_000);
    const before = await sounds(page);
    const recording = await record(page, 10);
    const after = await sounds(page);
    const delay = (after.jitterBufferDelay - before.jitterBufferDelay) / Math.max(1, after.jitterBufferEmittedCount - before.jitterBufferEmittedCount);
    figure("60 ms jitter: samples concealed while a slot is lent, jitter buffer", `${percent(concealed(before, after))}, ${Math.round(delay * 1000)} ms`);
    expect(relay.passed.back).toBeGreaterThan(400);
    expect(await ear.voices(recording)).toEqual(["ann"]);
  } finally {
    relay.close();
  }
});
