/** The tap that all other specs trust is first tried where the truth is known: a connection of a page with itself. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { launch } from "../harness/browsers.ts";
import { figure } from "../harness/project.ts";
import { record, sounds, state, take, tapPages } from "../harness/tap.ts";
import { expect, test } from "../harness/test.ts";

test("the tap hears the voice of the microphone, once it comes over a connection, and dates its end", async ({ ear }) => {
  const site = createServer((_request, response) => {
    response.setHeader("content-type", "text/html");
    response.end("<!doctype html><title>nothing</title>");
  });
  await new Promise<void>((done) => site.listen(0, "127.0.0.1", done));
  const browser = await launch({ microphone: ear.microphones.ben });
  try {
    const context = await browser.newContext();
    await tapPages(context);
    const page = await context.newPage();
    await page.goto(`http://localhost:${(site.address() as AddressInfo).port}/`);

    await page.evaluate(async () => {
      const [out, back] = [new RTCPeerConnection(), new RTCPeerConnection()];
      out.onicecandidate = ({ candidate }) => candidate && void back.addIceCandidate(candidate);
      back.onicecandidate = ({ candidate }) => candidate && void out.addIceCandidate(candidate);
      back.ontrack = ({ track }) => {
        const sound = new Audio();
        sound.srcObject = new MediaStream([track]);
        void sound.play();
      };
      const [track] = (await navigator.mediaDevices.getUserMedia({ audio: true })).getAudioTracks();
      if (track === undefined) throw new Error("no microphone");
      out.addTrack(track);
      Object.assign(window, { track });
      await out.setLocalDescription();
      await back.setRemoteDescription(out.localDescription!);
      await back.setLocalDescription();
      await out.setRemoteDescription(back.localDescription!);
    });
    await page.waitForTimeout(1_500);
    expect(await ear.voices(await record(page, 5))).toEqual(["ben"]);

    const endedAt = await page.evaluate(() => {
      (window as unknown as { track: MediaStreamTrack }).track.enabled = false;
      return performance.timeOrigin + performance.now();
    });
    await page.waitForTimeout(1_500);
    const recording = await take(page);
    const heard = await ear.listen(recording);
    const last = heard.spans.at(-1);
    expect(last).toBeDefined();
    const delay = recording.startedAt + last!.end * 1000 - endedAt;
    figure("a muted track ends on a connection of the page with itself after", `${Math.round(delay)} ms`);
    expect(delay).toBeGreaterThan(-50);
    expect(delay).toBeLessThan(600);
    expect((await state(page)).negotiations).toBe(2);
    expect((await sounds(page)).packetsReceived).toBeGreaterThan(100);
  } finally {
    await browser.close();
    site.close();
  }
});
