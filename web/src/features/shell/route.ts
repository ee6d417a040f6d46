/** The addresses of the app, as data. */

export type Route =
  | { readonly page: "home" }
  | { readonly page: "space"; readonly id: string }
  | { readonly page: "start" }
  | { readonly page: "signin"; readonly next: string }
  | { readonly page: "signup"; readonly next: string; readonly invitation: string }
  | { readonly page: "account" }
  | { readonly page: "nothing" };

const SPACE = /^\/s\/([A-Za-z0-9]{1,32})\/?$/u;

/** What *path* and *query* ask for. */
export function routeOf(path: string, query = ""): Route {
  const asked = new URLSearchParams(query);
  const space = SPACE.exec(path)?.[1];
  if (space !== undefined) return { page: "space", id: space };
  switch (path.replace(/\/$/u, "")) {
    case "":
      return { page: "home" };
    case "/start":
      return { page: "start" };
    case "/signin":
      return { page: "signin", next: within(asked.get("next")) };
    case "/signup":
      return { page: "signup", next: within(asked.get("next")), invitation: asked.get("invitation") ?? "" };
    case "/account":
      return { page: "account" };
    default:
      return { page: "nothing" };
  }
}

/** Only an address of this app is a place to go on to: `//elsewhere` and `https:` lead away. */
export function within(next: string | null): string {
  return next !== null && /^\/(?![/\\])/u.test(next) && routeOf(next.split("?")[0] ?? "/").page !== "nothing" ? next : "/";
}
