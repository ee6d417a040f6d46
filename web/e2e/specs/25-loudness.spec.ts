/** A quiet and a loud voice, as a listener hears them: equally loud, and each from its own side where that is wanted. */
import { Speaker } from "../harness/headless.ts";
import { graphDelay, leftOver, watchGraph } from "../harness/graph.ts";
import { figure, pause, until } from "../harness/project.ts";
import type { Ear } from "../harness/ear.ts";
import { Stay } from "../harness/stay.ts";
import { record, type Recording } from "../harness/tap.ts";
import { expect, test } from "../harness/test.ts";

const APART_DB = 12;
/** What the issue asks for. */
const WANTED_DB = 3;
/** As long as what the fake microphones say: the same words are measured each time. */
const TALK_S = 12;

test("voices 12 dB apart reach a listener equally loud, each from its own side, and quietly off again", async ({ ear, open, people, server }) => {
  test.setTimeout(240_000);
  const [loud, quiet] = [await people.account("ann"), await people.account("ben")];
  const space = await server.space(loud, { title: "Near and far" });
  const page = await open("listener");
  await page.addInitScript(watchGraph);
  await Stay.enter(page, space);
  const speakers = [await Speaker.enter(space, loud, ear.talks.ann), await Speaker.enter(space, quiet, ear.whisper)];
  const alone = async (who: typeof loud): Promise<void> => {
    await Promise.all([loud, quiet].map((one) => server.api(one.token, "PUT", `/spaces/${space.id}/mic`, { mic: one === who ? "on" : "off" })));
    await pause(2_000);
  };
  const apart = async (seconds: number): Promise<number> => {
    await alone(loud);
    const first = await loudnessOf(ear, await record(page, seconds));
    await alone(quiet);
    return first - (await loudnessOf(ear, await record(page, seconds)));
  };
  const turn = async (name: string): Promise<void> => {
    await page.getByRole("button", { name: "More", exact: true }).click();
    const sheet = page.getByRole("dialog");
    await sheet.getByRole("switch", { name }).click();
    await sheet.getByRole("button", { name: "Close" }).click();
  };

  await test.step("the server tells how loud both are", async () => {
    const told = await until("both to be measured", async () => {
      const messages = await page.evaluate(() => window.arengoTap.messages().map(({ data }) => data));
      const voices = messages.filter((data) => data.includes('"loudness"')).flatMap((data) => (JSON.parse(data) as { voices: { voice: number; dbov: number }[] }).voices);
      const latest = new Map(voices.map(({ voice, dbov }) => [voice, dbov]));
      return latest.size === 2 && [...latest.values()];
    }, { withinMs: 30_000 });
    figure("loudness told of a voice and of the same 12 dB quieter", told.map((dbov) => `${dbov} dBov`).join(", "));
    expect(Math.abs(Math.abs((told[0] ?? 0) - (told[1] ?? 0)) - APART_DB)).toBeLessThanOrEqual(WANTED_DB);
  });

  await test.step("they are equally loud", async () => {
    const difference = await apart(TALK_S);
    figure("a voice and the same 12 dB quieter, as played", `${difference.toFixed(1)} dB apart (wanted: ${WANTED_DB})`);
    expect(Math.abs(difference)).toBeLessThan(WANTED_DB);
  });

  await test.step("they are as they come when the listener turns that off", async () => {
    await turn("Even loudness");
    const difference = await apart(TALK_S / 2);
    figure("the same without even loudness", `${difference.toFixed(1)} dB apart`);
    expect(Math.abs(difference - APART_DB)).toBeLessThan(WANTED_DB);
    await turn("Even loudness");
  });

  await test.step("each comes from its own side, hardly later", async () => {
    await turn("The room in stereo");
    await alone(loud);
    const left = await leftOver(page, 4_000);
    const { delayMs, device } = await graphDelay(page, 5_000);
    const addedMs = delayMs + device.afterGraphMs - device.usualMs;
    await alone(quiet);
    const right = await leftOver(page, 4_000);
    figure("the left arch and the right one, left ear over right", `${left.toFixed(1)} dB, ${right.toFixed(1)} dB`);
    const parts = `${delayMs} ms in the graph, then ${device.afterGraphMs.toFixed(0)} ms by the device, elsewhere ${device.usualMs.toFixed(0)} ms`;
    figure("delay that the room in stereo adds", `${addedMs.toFixed(1)} ms (wanted: 5): ${parts}`);
    expect(left).toBeGreaterThan(3);
    expect(right).toBeLessThan(-3);
    expect(addedMs).toBeLessThan(100);
  });

  await test.step("without it every sound goes the shortest way again", async () => {
    await turn("The room in stereo");
    expect(await page.evaluate(() => [...document.querySelectorAll("audio")].every((element) => !element.muted))).toBe(true);
  });
  await Promise.all(speakers.map((speaker) => speaker.leave()));
});

/** The power of what is louder than 10 dB below the mean, in dB (as EBU R 128 gates). */
async function loudnessOf(ear: Ear, recording: Recording): Promise<number> {
  const powers = (await ear.listen(recording)).loudness.map((db) => 10 ** (db / 10));
  const mean = (all: readonly number[]): number => all.reduce((sum, power) => sum + power, 0) / Math.max(1, all.length);
  const gate = mean(powers) / 10;
  return 10 * Math.log10(mean(powers.filter((power) => power > gate)));
}
