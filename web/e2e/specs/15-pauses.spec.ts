/** Somebody who pauses, from one Chromium to another: a pause is silence, what follows is whole, and the delay stays short. */
import { launch, visit } from "../harness/browsers.ts";
import { figure, percent } from "../harness/project.ts";
import { Stay } from "../harness/stay.ts";
import { concealed, record, sounds } from "../harness/tap.ts";
import { expect, test } from "../harness/test.ts";

const TALK_S = 24;
/** What the fake microphone says between two pauses of a second. */
const SPURT_S = 3;

test("pauses lengthen no delay and cut nothing off", async ({ ear, open, people, server }) => {
  test.setTimeout(120_000);
  const host = await people.account("ann");
  const space = await server.space(host, { title: "Well, …" });
  const browser = await launch({ microphone: ear.paused });
  try {
    const speaker = await Stay.enter(await visit(browser, server, host), space);
    const { page } = await Stay.enter(await open("listener"), space);
    await speaker.micOn();
    await page.waitForTimeout(6_000);
    const before = await sounds(page);
    const recording = await record(page, TALK_S);
    const after = await sounds(page);
    const targetMs = (1_000 * (after.jitterBufferTargetDelay - before.jitterBufferTargetDelay)) / (after.jitterBufferEmittedCount - before.jitterBufferEmittedCount);
    const whole = (await ear.listen(recording)).spans.slice(1, -1).map(({ start, end }) => end - start);
    figure("pauses of a second: jitter buffer target, samples concealed", `${Math.round(targetMs)} ms, ${percent(concealed(before, after))}`);
    figure(`and what is heard between them, of ${SPURT_S} s`, whole.map((seconds) => `${seconds.toFixed(2)} s`).join(", "));
    expect(targetMs).toBeLessThan(100);
    expect(whole.length).toBeGreaterThanOrEqual(TALK_S / (SPURT_S + 1) - 2);
    for (const seconds of whole) expect(Math.abs(seconds - SPURT_S)).toBeLessThan(0.3);
  } finally {
    await browser.close();
  }
});
