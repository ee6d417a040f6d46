/** A real `arengo serve` from the project's own environment, with a data folder of its own. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createWriteStream, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { ARENGO, ARTIFACTS, freePort, needs, owned, until } from "./project.ts";

const run = promisify(execFile);

export interface ServerOptions {
  /** Addresses told to browsers; 127.0.0.1 alone unless said otherwise. */
  readonly publicIps?: readonly string[];
  readonly name?: string;
  /** `demo` for a server with people in it. */
  readonly command?: "serve" | "demo";
  /** More options of the command. */
  readonly more?: readonly string[];
}

export interface Account {
  readonly id: string;
  readonly name: string;
  readonly display: string;
  readonly password: string;
  readonly token: string;
}

export interface SpaceFacts {
  readonly id: string;
  readonly url: string;
  readonly state: string;
  readonly title: string;
}

export class Server {
  readonly dataDir = mkdtempSync(join(tmpdir(), "arengo-e2e-"));
  private child: ChildProcess | undefined;

  private constructor(
    readonly port: number,
    readonly mediaPort: number,
    readonly mediaTcpPort: number,
    private readonly options: ServerOptions,
  ) {}

  static async start(options: ServerOptions = {}): Promise<Server> {
    needs(ARENGO, "run `make build` first");
    const server = new Server(await freePort(), await freePort(), await freePort(), options);
    await server.up();
    return server;
  }

  get url(): string {
    return `http://localhost:${this.port}`;
  }

  /** Start the process and wait until it says that it is ready; how long that took, in ms. */
  async up(): Promise<number> {
    const begun = Date.now();
    const ips = (this.options.publicIps ?? ["127.0.0.1"]).flatMap((ip) => ["--public-ip", ip]);
    this.child = owned(spawn(
      ARENGO,
      [
        this.options.command ?? "serve", "--port", `${this.port}`, "--media-port", `${this.mediaPort}`,
        "--media-tcp-port", `${this.mediaTcpPort}`, "--data-dir", this.dataDir, ...ips,
        ...(this.options.more ?? []),
      ],
      { stdio: ["ignore", "pipe", "pipe"] },
    ));
    const log = createWriteStream(join(ARTIFACTS, `server-${this.options.name ?? "e2e"}.log`), { flags: "a" });
    this.child.stdout?.pipe(log, { end: false });
    this.child.stderr?.pipe(log, { end: false });
    const child = this.child;
    await until(
      "the server to be ready",
      async () => {
        if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}; see ${String(log.path)}`);
        return (await fetch(`${this.url}/readyz`).catch(() => undefined))?.ok;
      },
      { withinMs: 20_000, everyMs: 20 },
    );
    return Date.now() - begun;
  }

  /** End the process as a crash would. */
  async kill(): Promise<void> {
    await this.end("SIGKILL");
  }

  /** Let the process stand still until `goOn`; what it then finds to do is late by so much. */
  standStill(): void {
    this.child?.kill("SIGSTOP");
  }

  goOn(): void {
    this.child?.kill("SIGCONT");
  }

  /** A figure of `/metrics`. */
  async metric(name: string): Promise<number> {
    const figures = await (await fetch(`${this.url}/metrics`)).text();
    const value = new RegExp(`^${name} (\\S+)$`, "mu").exec(figures)?.[1];
    if (value === undefined) throw new Error(`no figure is called ${name}`);
    return Number(value);
  }

  async stop(): Promise<void> {
    await this.end("SIGTERM");
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.child;
    this.child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((done) => child.once("exit", done));
    child.kill(signal);
    child.kill("SIGCONT"); // one that stands still would not hear it
    await gone;
  }

  /** Run another command of the shell beside this server; what it printed. */
  async shell(...args: string[]): Promise<string> {
    const { stdout } = await run(ARENGO, [...args, "--data-dir", this.dataDir]);
    return stdout.trim();
  }

  /** Make an account from the shell, with a token that may do all that the account may. */
  async account(name: string, display = name): Promise<Account> {
    const password = `${name}-keeps-this-secret`;
    await this.shell("account", "create", name, "--display", display, "--password", password);
    const token = await this.shell("token", "create", name);
    const me = (await this.api(token, "GET", "/me")) as { id: string };
    return { id: me.id, name, display, password, token };
  }

  /** Call the native API; the answer's JSON, or an Error that carries the status and the problem. */
  async api(token: string | null, method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await this.call(token, method, path, body);
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === "" ? null : (JSON.parse(text) as unknown);
  }

  async call(token: string | null, method: string, path: string, body?: unknown): Promise<Response> {
    return fetch(`${this.url}/api/v1${path}`, {
      method,
      headers: {
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  /** A live space of *host*; everyone may speak unless said otherwise. */
  async space(host: Account, facts: Record<string, unknown> = {}): Promise<SpaceFacts> {
    const made = { title: "A talk", who_may_speak: "everyone", start: true, ...facts };
    return (await this.api(host.token, "POST", "/spaces", made)) as SpaceFacts;
  }
}
