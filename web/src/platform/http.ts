import { failed, problem, succeeded, type Outcome, type Problem, type Scheduler } from "../model/index.js";
import type { Facts } from "../protocol/index.js";

const ANSWER_WITHIN_MS = 10_000;
const TRIES = 3;
const RETRY_AFTER_MS = 400;
const CSRF_COOKIE = "arengo_csrf";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export interface HttpParts {
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** The page's readable cookies, as `document.cookie`. */
  readonly cookies: () => string;
  readonly scheduler: Scheduler;
}

export interface Asked {
  readonly method?: Method;
  readonly json?: unknown;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Not to be repeated, though its method could be: after it the cookie is another one. */
  readonly once?: boolean;
  /** Goes out even while the page is being closed. */
  readonly keepalive?: boolean;
}

/** Asks the server; never throws. Idempotent questions are asked again when the network or the server has a bad moment. */
export class Http {
  constructor(private readonly parts: HttpParts) {}

  /** The answer's JSON as T; the server's word is trusted, for it sends this app as well. */
  async json<T>(url: string, asked: Asked = {}): Promise<Outcome<T>> {
    const answer = await this.ask(url, asked);
    if (!answer.ok) return answer;
    try {
      return succeeded((await answer.value.json()) as T);
    } catch {
      return failed(problem("unreadable"));
    }
  }

  /** Whether it worked, where the answer has nothing to read. */
  async plain(url: string, asked: Asked): Promise<Outcome> {
    const answer = await this.ask(url, asked);
    return answer.ok ? succeeded(undefined) : answer;
  }

  /** The whole answer, of status 200 to 299. */
  async ask(url: string, asked: Asked = {}): Promise<Outcome<Response>> {
    const method = asked.method ?? "GET";
    const tries = asked.once === true || method === "POST" || method === "PATCH" ? 1 : TRIES;
    let answer = await this.#once(url, method, asked);
    for (let tried = 1; tried < tries && isPassing(answer); tried += 1) {
      await this.#wait(RETRY_AFTER_MS * tried);
      answer = await this.#once(url, method, asked);
    }
    if (!answer.ok && answer.problem.code === "csrf") {
      await this.#once("/api/v1/instance", "GET", {});
      answer = await this.#once(url, method, asked);
    }
    return answer;
  }

  async #once(url: string, method: Method, asked: Asked): Promise<Outcome<Response>> {
    const late = new AbortController();
    const stop = this.parts.scheduler.after(ANSWER_WITHIN_MS, () => late.abort());
    try {
      const response = await this.parts.fetch(url, this.#request(method, asked, late.signal));
      return response.ok ? succeeded(response) : failed(await problemOf(response));
    } catch {
      return failed(problem(late.signal.aborted ? "timed_out" : "offline"));
    } finally {
      stop();
    }
  }

  #request(method: Method, { json, body, headers, keepalive }: Asked, signal: AbortSignal): RequestInit {
    const own: Record<string, string> = { Accept: "application/json", ...headers };
    const token = method === "GET" ? null : cookie(this.parts.cookies(), CSRF_COOKIE);
    if (token !== null) own["X-CSRF-Token"] = token;
    if (json !== undefined) own["Content-Type"] = "application/json";
    const payload = json === undefined ? body : JSON.stringify(json);
    return {
      method,
      headers: own,
      credentials: "same-origin",
      signal,
      ...(payload === undefined ? {} : { body: payload }),
      ...(keepalive === undefined ? {} : { keepalive }),
    };
  }

  #wait(ms: number): Promise<void> {
    return new Promise((done) => void this.parts.scheduler.after(ms, done));
  }
}

/** Read problem details (RFC 9457); an answer by somebody in between has none, then the status speaks. */
export async function problemOf(response: Response): Promise<Problem> {
  const retryAfter = secondsOf(response.headers.get("Retry-After"));
  let details: Partial<Record<"code" | "detail" | "facts", unknown>> = {};
  try {
    const read: unknown = await response.json();
    if (typeof read === "object" && read !== null) details = read;
  } catch {
    // Not ours: a proxy's page, or nothing.
  }
  const { code, detail, facts } = details;
  return {
    code: typeof code === "string" ? code : response.status >= 500 ? "unavailable" : `http_${response.status}`,
    detail: typeof detail === "string" ? detail : "",
    facts: typeof facts === "object" && facts !== null ? (facts as Facts) : {},
    retryAfter,
  };
}

/** The value of cookie *name* in the text of all cookies. */
export function cookie(all: string, name: string): string | null {
  const found = all.split("; ").find((pair) => pair.startsWith(`${name}=`));
  return found === undefined ? null : decodeURIComponent(found.slice(name.length + 1));
}

function isPassing(answer: Outcome<Response>): boolean {
  return !answer.ok && (answer.problem.code === "offline" || answer.problem.code === "unavailable");
}

function secondsOf(header: string | null): number | null {
  const seconds = Number(header ?? Number.NaN);
  return Number.isFinite(seconds) ? seconds : null;
}
