/** Three people speak and three listen, in six Chromium pages, by the app alone. */
import type { Page } from "@playwright/test";
import type { VoiceName } from "../harness/ear.ts";
import { endsForAll } from "../harness/silence.ts";
import { Stay } from "../harness/stay.ts";
import { record, state } from "../harness/tap.ts";
import { expect, test } from "../harness/test.ts";

const VOICES: readonly VoiceName[] = ["ann", "ben", "cal"];

test("each hears the others and never themselves, voices end at the server's word, and nothing is renegotiated", async ({ ear, open, people, server }) => {
  test.setTimeout(180_000);
  const accounts = await Promise.all(VOICES.map((voice) => people.account(voice)));
  const space = await server.space(accounts[0]!, { title: "Three voices" });

  const stays = new Map<VoiceName, Stay>();
  for (const [index, voice] of VOICES.entries()) {
    stays.set(voice, await Stay.enter(await open(voice, { as: accounts[index]! }), space));
  }
  const listeners: Page[] = [];
  for (let count = 0; count < 3; count++) listeners.push((await Stay.enter(await open("listener"), space)).page);
  const { ann, ben, cal } = { ann: stays.get("ann")!, ben: stays.get("ben")!, cal: stays.get("cal")! };
  const pages = [...VOICES.map((voice) => stays.get(voice)!.page), ...listeners];

  await test.step("coming on stage adds a voice, without renegotiation", async () => {
    await ann.micOn();
    await listeners[0]!.waitForTimeout(1_500);
    expect(await ear.voices(await record(listeners[0]!, 5))).toEqual(["ann"]);
    await ben.comeOnStage();
    await cal.comeOnStage();
    for (const page of pages) {
      const { negotiations, connections } = await state(page);
      expect({ negotiations, connections }).toEqual({ negotiations: 1, connections: 1 });
    }
  });

  await test.step("each hears the others and never themselves", async () => {
    await listeners[0]!.waitForTimeout(1_500);
    const recordings = await Promise.all(pages.map((page) => record(page, 6)));
    for (const [index, recording] of recordings.entries()) {
      expect(await ear.voices(recording)).toEqual(VOICES.filter((voice) => voice !== VOICES[index]));
    }
  });

  await test.step("muting oneself, being muted, stepping down and removal end a voice", async () => {
    await ann.micOff();
    await cal.micOff();
    const others = [ann.page, cal.page, ...listeners];
    const id = accounts[1]!.id;
    const host = accounts[0]!.token;
    await endsForAll(ear, others, "muting oneself", ["mic_changed", id, '"off"'], async () => ben.micOff());
    await ben.micOn();
    await endsForAll(ear, others, "being muted by the host", ["mic_changed", id, '"host"'], async () => server.api(host, "POST", `/spaces/${space.id}/mute/${id}`));
    await ben.micOn();
    await endsForAll(ear, others, "stepping down", ["left_stage", id, "stepped_down"], async () => ben.stepDown());
    await ben.comeOnStage();
    await endsForAll(ear, others, "removal", ["person_removed", id], async () => server.api(host, "DELETE", `/spaces/${space.id}/people/${id}`));
    await expect(ben.page.getByText("You cannot come back to this space")).toBeVisible();
    for (const page of others) expect((await state(page)).negotiations).toBe(1);
  });
});
