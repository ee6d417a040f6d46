/** Five voices at once: a browser gets the loudest three, and the quiet ones when those have gone. */
import type { Speaker } from "../harness/headless.ts";
import type { VoiceName } from "../harness/ear.ts";
import { Stay } from "../harness/stay.ts";
import { record } from "../harness/tap.ts";
import { expect, test } from "../harness/test.ts";

const LOUD: readonly VoiceName[] = ["ann", "ben", "cal"];
const QUIET: readonly VoiceName[] = ["dan", "eve"];

test("of five voices at once the loudest three are heard, and the quiet ones when there is room", async ({ ear, open, people, server, speak }) => {
  test.setTimeout(120_000);
  const host = await people.account("ann");
  const space = await server.space(host, { title: "Everybody at once" });
  const speakers = new Map<VoiceName, Speaker>();
  for (const voice of [...QUIET, ...LOUD]) {
    speakers.set(voice, await speak(space, await people.account(voice), voice));
  }
  const listener = await Stay.enter(await open("listener"), space);
  await listener.page.waitForTimeout(1_500);
  expect(await ear.voices(await record(listener.page, 5))).toEqual(LOUD);

  await Promise.all(LOUD.map((voice) => speakers.get(voice)!.leave()));
  await listener.page.waitForTimeout(1_000);
  expect(await ear.voices(await record(listener.page, 5))).toEqual(QUIET);
});
