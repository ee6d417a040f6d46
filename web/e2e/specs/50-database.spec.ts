/** The database is locked for longer than ten seconds: the sound goes on, a ban still silences, the rest waits its turn. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { PYTHON, figure, owned, until } from "../harness/project.ts";
import { Server } from "../harness/server.ts";
import { Stay } from "../harness/stay.ts";
import { clear, record, take } from "../harness/tap.ts";
import { expect, test } from "../harness/test.ts";

const LOCKED_S = 20;

const LOCK = `
import sqlite3, sys, time
held = sqlite3.connect(sys.argv[1], isolation_level=None)
held.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
time.sleep(float(sys.argv[2]))
held.execute("ROLLBACK")
`;

/** Hold the database for *seconds*; resolves when it is locked, with a promise of its end. */
async function lock(dataDir: string, seconds: number): Promise<{ ended: Promise<void> }> {
  const child = owned(spawn(PYTHON, ["-c", LOCK, join(dataDir, "arengo.db"), `${seconds}`]));
  const ended = new Promise<void>((done) => child.once("exit", () => done()));
  let complaint = "";
  child.stderr.on("data", (text: Buffer) => (complaint += text.toString()));
  await new Promise<void>((done, fail) => {
    child.stdout.once("data", () => done());
    child.once("exit", () => fail(new Error(`the lock was not taken: ${complaint}`)));
  });
  return { ended };
}

test("with the database locked the sound goes on, a ban silences, and other actions answer 503 and then work", async ({ ear, open, speak }) => {
  test.setTimeout(120_000);
  const server = await Server.start({ name: "database" });
  try {
    const [ann, ben] = [await server.account("ann"), await server.account("ben")];
    const space = await server.space(ann, { title: "Locked" });
    await speak(space, ann, "ann");
    await speak(space, ben, "ben");
    const listener = await Stay.enter(await open("listener", { on: server }), space);
    await listener.page.waitForTimeout(1_500);
    expect(await ear.voices(await record(listener.page, 5))).toEqual(["ann", "ben"]);

    await clear(listener.page);
    const lockedAt = Date.now();
    const { ended } = await lock(server.dataDir, LOCKED_S);
    const asked = Date.now();
    const refused = await server.call(ann.token, "PATCH", `/spaces/${space.id}`, { title: "Still locked" });
    figure("an action on a locked database is refused after", `${Date.now() - asked} ms`);
    expect(refused.status).toBe(503);
    expect(refused.headers.get("retry-after")).not.toBeNull();
    expect(((await refused.json()) as { code: string }).code).toBe("unavailable");

    const bannedAt = Date.now();
    await server.shell("account", "ban", "ben");
    figure("the shell's ban on a locked database took", `${Date.now() - bannedAt} ms`);
    const { spans, share } = await ear.listen(await take(listener.page));
    expect(spans, "no gap in the sound").toHaveLength(1);
    expect(share.ann).toBeGreaterThan(0.6);

    expect(await ear.voices(await record(listener.page, 5))).toEqual(["ann"]);
    expect(Date.now() - lockedAt, "all of this while it was locked").toBeLessThan(LOCKED_S * 1000);

    await ended;
    await until("the action to work again", async () => (await server.call(ann.token, "PATCH", `/spaces/${space.id}`, { title: "Open again" })).ok);
    expect((await server.call(ben.token, "GET", "/me")).status).toBeGreaterThanOrEqual(401);
    expect(await ear.voices(await record(listener.page, 5))).toEqual(["ann"]);
  } finally {
    await server.stop();
  }
});
