/** Music mode: what leaves the speaker's browser, and what a listener hears of it. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { expectAccessible } from "../harness/axe.ts";
import { launch, visit } from "../harness/browsers.ts";
import { ARTIFACTS, figure, until } from "../harness/project.ts";
import { Stay } from "../harness/stay.ts";
import { sent, sides, state } from "../harness/tap.ts";
import { expect, test } from "../harness/test.ts";

const LEFT_HZ = 440;
const RIGHT_HZ = 1_000;
const RATE = 48_000;

/** A WAV file with a tone of its own on each side, two seconds of every four. */
function aDuet(): string {
  const frames = 4 * RATE;
  const wav = Buffer.alloc(44 + 4 * frames);
  wav.write("RIFF\0\0\0\0WAVEfmt ", 0, "latin1");
  wav.writeUInt32LE(36 + 4 * frames, 4);
  for (const [at, value] of [[16, 16], [24, RATE], [28, 4 * RATE]] as const) wav.writeUInt32LE(value, at);
  for (const [at, value] of [[20, 1], [22, 2], [32, 4], [34, 16]] as const) wav.writeUInt16LE(value, at);
  wav.write("data", 36, "latin1");
  wav.writeUInt32LE(4 * frames, 40);
  for (let frame = 0; frame < frames / 2; frame++) {
    [LEFT_HZ, RIGHT_HZ].forEach((hertz, side) => wav.writeInt16LE(10_000 * Math.sin((2 * Math.PI * hertz * frame) / RATE), 44 + 4 * frame + 2 * side));
  }
  const path = join(ARTIFACTS, "duet.wav");
  writeFileSync(path, wav);
  return path;
}

/** Packets and kilobits a second that *page* sends, over eight seconds. */
async function pace(page: Page): Promise<{ packets: number; kilobits: number }> {
  const before = (await sent(page))!;
  await page.waitForTimeout(8_000);
  const after = (await sent(page))!;
  const seconds = (after.at - before.at) / 1000;
  return { packets: (after.packetsSent - before.packetsSent) / seconds, kilobits: ((after.bytesSent - before.bytesSent) * 8) / 1000 / seconds };
}

async function setMusic(stay: Stay, on: boolean, what: string): Promise<void> {
  const { page } = stay;
  await page.getByRole("button", { name: "More", exact: true }).click();
  const music = page.getByRole("switch", { name: "Music mode" });
  await music.focus();
  await page.keyboard.press("Space");
  await expect(music).toBeChecked({ checked: on });
  await expect(page.getByText("Wear headphones.")).toBeVisible({ visible: on });
  await expectAccessible(page, what);
  await page.keyboard.press("Escape");
  await expect(stay.micLine).toContainText(on ? "Everyone hears you, in music mode." : "switches it off.");
  await until("the new connection", async () => (await sent(page))?.targetBitrate === (on ? 128_000 : 48_000));
}

test("music is sent in stereo, in full quality and without pauses, and is speech again afterwards", async ({ open, people, server }) => {
  test.setTimeout(180_000);
  const host = await people.account("duo");
  const space = await server.space(host, { title: "Duet" });
  const browser = await launch({ microphone: aDuet() });
  try {
    const speaker = await Stay.enter(await visit(browser, server, host), space);
    const listener = await Stay.enter(await open("listener"), space);
    await speaker.micOn();
    await until("the voice to be sent with 48 kbit/s", async () => (await sent(speaker.page))?.targetBitrate === 48_000);

    await setMusic(speaker, true, "music mode on");
    expect(await state(speaker.page)).toMatchObject({ connections: 2, negotiations: 2 });
    const [left, right] = await sides(listener.page, [LEFT_HZ, RIGHT_HZ]);
    figure("left tone, left and right", `${left!.left.toFixed(0)} and ${left!.right.toFixed(0)} dB`);
    figure("right tone, left and right", `${right!.left.toFixed(0)} and ${right!.right.toFixed(0)} dB`);
    expect(left!.left - left!.right).toBeGreaterThan(20);
    expect(right!.right - right!.left).toBeGreaterThan(20);
    const music = await pace(speaker.page);
    figure("music, half of it silence", `${music.packets.toFixed(0)} packets and ${music.kilobits.toFixed(0)} kbit/s`);
    expect(music.packets).toBeGreaterThan(45);

    await setMusic(speaker, false, "music mode off");
    expect((await state(listener.page)).connections).toBe(1);
  } finally {
    await browser.close();
  }
});
