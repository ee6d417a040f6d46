/** The server dies without a word and is started again: everybody is back by themselves. */
import { figure, until } from "../harness/project.ts";
import { Server } from "../harness/server.ts";
import { Stay } from "../harness/stay.ts";
import { clear, record, take } from "../harness/tap.ts";
import { expect, test } from "../harness/test.ts";

/** What we promise on a machine that has time: from the start of the process to sound. */
const WANTED_MS = 5_000;
/** What is asserted, on any machine: from the server's being ready to sound. */
const WITHIN_MS = 5_000;

test("after kill -9 and a new start every browser is back with sound by itself, on the stage it had", async ({ ear, open }) => {
  test.setTimeout(120_000);
  const server = await Server.start({ name: "restart" });
  try {
    const [ann, ben] = [await server.account("ann"), await server.account("ben")];
    const space = await server.space(ann, { title: "It goes on" });
    const host = await Stay.enter(await open("ann", { as: ann, on: server }), space);
    const speaker = await Stay.enter(await open("ben", { as: ben, on: server }), space);
    const listener = await Stay.enter(await open("listener", { on: server }), space);
    await host.micOn();
    await speaker.comeOnStage();
    await listener.page.waitForTimeout(2_000);
    expect(await ear.voices(await record(listener.page, 5))).toEqual(["ann", "ben"]);

    const pages = [host.page, speaker.page, listener.page];
    await Promise.all(pages.map(clear));
    await listener.page.waitForTimeout(500);
    const killedAt = Date.now();
    await server.kill();
    const readyAfter = await server.up();
    const startedAt = Date.now() - readyAfter;
    await listener.page.waitForTimeout(WITHIN_MS + 2_500);

    for (const [index, page] of pages.entries()) {
      const recording = await take(page);
      const { spans } = await ear.listen(recording);
      const back = spans.find((span) => recording.startedAt + span.start * 1000 > killedAt + 200);
      expect(back, "there is sound again").toBeDefined();
      const backAt = recording.startedAt + back!.start * 1000;
      figure(
        `kill -9: ${["host", "speaker", "listener"][index]} hears again`,
        `${Math.round(backAt - startedAt)} ms after the new start (wanted: ${WANTED_MS} ms; ready after ${readyAfter} ms), ${Math.round(backAt - killedAt)} ms after the end`,
      );
      expect(backAt - startedAt - readyAfter).toBeLessThan(WITHIN_MS);
    }

    expect(await ear.voices(await record(listener.page, 5))).toEqual(["ann", "ben"]);
    expect(await ear.voices(await record(host.page, 5))).toEqual(["ben"]);
    await expect(host.micLine).toContainText("Your microphone is on");
    await expect(speaker.micLine).toContainText("Your microphone is on");
    const facts = await until("nobody to be there twice", async () => {
      const page = (await server.api(ann.token, "GET", `/spaces/${space.id}`)) as {
        stage: { person: { id: string } }[];
        audience: { listeners: number };
      };
      return page.audience.listeners === 1 && page;
    });
    expect(facts.stage.map((one) => one.person.id)).toEqual([ann.id, ben.id]);
  } finally {
    await server.stop();
  }
});
