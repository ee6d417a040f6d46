/** The fixtures of all specs: one server, one ear, and browsers that stay open from test to test. */
import { type Browser, type Page, test as base } from "@playwright/test";
import { launch, visit } from "./browsers.ts";
import { Ear, type VoiceName } from "./ear.ts";
import { Speaker } from "./headless.ts";
import { type Account, Server, type SpaceFacts } from "./server.ts";

type Role = VoiceName | "listener";

/** Browsers by the voice of their microphone, started when first asked for. */
export class Browsers {
  private readonly open = new Map<Role, Promise<Browser>>();

  constructor(private readonly ear: Ear) {}

  async of(role: Role): Promise<Browser> {
    let browser = this.open.get(role);
    if (browser === undefined) {
      browser = launch(role === "listener" ? {} : { microphone: this.ear.microphones[role] });
      this.open.set(role, browser);
    }
    return browser;
  }

  /** Close every page, so that the next test begins with silence. */
  async hush(): Promise<void> {
    for (const browser of this.open.values()) {
      await Promise.all((await browser).contexts().map((context) => context.close()));
    }
  }

  async close(): Promise<void> {
    for (const browser of this.open.values()) await (await browser).close();
  }
}

/** Accounts by name, made once for a server. */
export class People {
  private readonly known = new Map<string, Promise<Account>>();

  constructor(private readonly server: Server) {}

  async account(name: string, display?: string): Promise<Account> {
    let account = this.known.get(name);
    if (account === undefined) {
      account = this.server.account(name, display);
      this.known.set(name, account);
    }
    return account;
  }
}

interface WorkerFixtures {
  ear: Ear;
  server: Server;
  people: People;
  allBrowsers: Browsers;
}

interface TestFixtures {
  /** Somebody on stage whose voice goes round and round, until the test ends. */
  speak: (space: SpaceFacts, who: Account, voice: VoiceName) => Promise<Speaker>;
  browsers: Browsers;
  /** A fresh page in the browser whose microphone has this voice, signed in as *as*. */
  open: (role: Role, options?: { as?: Account; path?: string; on?: Server }) => Promise<Page>;
}

export const test = base.extend<TestFixtures, WorkerFixtures>({
  ear: [
    async ({}, use) => {
      const ear = await Ear.start();
      await use(ear);
      ear.stop();
    },
    { scope: "worker" },
  ],
  server: [
    async ({}, use) => {
      const server = await Server.start();
      await use(server);
      await server.stop();
    },
    { scope: "worker" },
  ],
  people: [async ({ server }, use) => use(new People(server)), { scope: "worker" }],
  allBrowsers: [
    async ({ ear }, use) => {
      const browsers = new Browsers(ear);
      await use(browsers);
      await browsers.close();
    },
    { scope: "worker" },
  ],
  browsers: async ({ allBrowsers }, use) => {
    await use(allBrowsers);
    await allBrowsers.hush();
  },
  speak: async ({ ear }, use) => {
    const speakers: Speaker[] = [];
    await use(async (space, who, voice) => {
      const speaker = await Speaker.enter(space, who, ear.talks[voice]);
      speakers.push(speaker);
      return speaker;
    });
    await Promise.all(speakers.map((speaker) => speaker.leave()));
  },
  open: async ({ browsers, server }, use) => {
    await use(async (role, { as, path, on } = {}) => visit(await browsers.of(role), on ?? server, as, path));
  },
});

export { expect } from "@playwright/test";
