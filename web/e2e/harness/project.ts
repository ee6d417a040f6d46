/** Where things are, and what this machine must have for the tests that need more than a user may. */
import type { ChildProcess } from "node:child_process";
import { createSocket } from "node:dgram";
import { existsSync, mkdirSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");
export const ARTIFACTS = join(ROOT, "tests/.artifacts");
/** The program under test; another one can be named, as that of an installed wheel. */
export const ARENGO = process.env["ARENGO_PROGRAM"] ?? join(ROOT, ".venv/bin/arengo");
export const PYTHON = join(ROOT, ".venv/bin/python");
export const CHROMIUM = process.env["ARENGO_CHROMIUM"] ?? "/usr/bin/chromium";

mkdirSync(ARTIFACTS, { recursive: true });

const children = new Set<ChildProcess>();
process.once("exit", () => children.forEach((child) => child.kill("SIGKILL")));

/** See that *child* does not outlive the tests, however they end. */
export function owned<Child extends ChildProcess>(child: Child): Child {
  children.add(child);
  child.once("exit", () => children.delete(child));
  return child;
}

/** Say plainly what is missing, rather than skip. */
export function needs(path: string, why: string): void {
  if (!existsSync(path)) throw new Error(`${path} is missing: ${why}`);
}

/**
 * A port that is free now for TCP and UDP.
 *
 * From below those that Linux gives to whoever asks for any: browsers take hundreds of these while the tests run.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 15_000 + Math.floor(Math.random() * 15_000);
    if ((await listensOn(port)) && (await receivesOn(port))) return port;
  }
}

async function listensOn(port: number): Promise<boolean> {
  return new Promise((done) => {
    const probe = createServer();
    probe.once("error", () => done(false));
    probe.listen(port, () => probe.close(() => done(true)));
  });
}

async function receivesOn(port: number): Promise<boolean> {
  return new Promise((done) => {
    const probe = createSocket("udp6");
    probe.once("error", () => probe.close(() => done(false)));
    probe.bind(port, () => probe.close(() => done(true)));
  });
}

/** Ask again and again until there is an answer; the sentence says what was waited for. */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  { withinMs = 10_000, everyMs = 50 }: { withinMs?: number; everyMs?: number } = {},
): Promise<T> {
  const end = Date.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > end) throw new Error(`waited ${withinMs} ms for: ${what}`);
    await pause(everyMs);
  }
}

export async function pause(ms: number): Promise<void> {
  await new Promise((done) => setTimeout(done, ms));
}

/** The middle of some figures. */
export function median(figures: readonly number[]): number {
  const sorted = [...figures].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Print a figure so that it stands out in the run's output. */
export function figure(what: string, value: string): void {
  console.log(`    figure: ${what}: ${value}`);
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
