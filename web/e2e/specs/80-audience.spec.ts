/** A big audience is sent three frames in a packet: nobody may hear when that begins or ends. */
import type { Page } from "@playwright/test";
import { visit } from "../harness/browsers.ts";
import { Listener, Speaker } from "../harness/headless.ts";
import { figure, percent, until } from "../harness/project.ts";
import { Server } from "../harness/server.ts";
import { Stay } from "../harness/stay.ts";
import { concealed, record, sounds } from "../harness/tap.ts";
import { expect, test } from "../harness/test.ts";

/** Listeners from which on frames are merged. */
const MANY = 3;

let server: Server;

test.beforeAll(async () => {
  server = await Server.start({ name: "audience", more: ["--media-merge-from", `${MANY}`] });
});

test.afterAll(async () => server?.stop());

/** Packets a second that the page receives now. */
async function pace(page: Page): Promise<number> {
  const before = await sounds(page);
  const begun = Date.now();
  await page.waitForTimeout(1_000);
  const after = await sounds(page);
  return ((after.packetsReceived - before.packetsReceived) * 1_000) / (Date.now() - begun);
}

async function expectPace(page: Page, what: string, [least, most]: readonly [number, number]): Promise<void> {
  let seen = 0;
  await until(
    what,
    async () => {
      seen = await pace(page);
      return seen >= least && seen <= most;
    },
    { withinMs: 15_000, everyMs: 100 },
  );
  figure(what, `${seen.toFixed(1)} packets a second`);
}

const SINGLE = [40, 60] as const;
const MERGED = [12, 25] as const;

test("nobody hears that frames are merged, nor that they are single again", async ({ browsers, ear }) => {
  test.setTimeout(120_000);
  const host = await server.account("host");
  const space = await server.space(host, { title: "A full house", who_may_speak: "invited" });
  const speaker = await Speaker.enter(space, host, ear.talks.ann);
  const account = await server.account("mina");
  const page = await visit(await browsers.of("cal"), server, account, new URL(space.url).pathname);
  const stay = new Stay(page);
  await stay.listen();
  await page.waitForTimeout(3_000);

  const before = await sounds(page);
  const recording = record(page, 30);
  await expectPace(page, "alone: single frames", SINGLE);
  const crowd = Array.from({ length: MANY }, () => Listener.enter(space, 60));
  await expectPace(page, "in a full house: merged frames", MERGED);
  await stay.hand.click();
  await expectPace(page, "with a raised hand: single frames", SINGLE);
  await stay.hand.click();
  await expectPace(page, "with the hand down: merged frames", MERGED);
  await Promise.all(crowd.map((listener) => listener.leave()));
  await expectPace(page, "alone again: single frames", SINGLE);
  const heard = await ear.listen(await recording);
  const invented = concealed(before, await sounds(page));
  figure("frames merged and single in turns: samples concealed while a slot is lent", percent(invented));
  expect(invented).toBeLessThan(0.01);
  expect(heard.spans).toHaveLength(1);
  await speaker.leave();
});
