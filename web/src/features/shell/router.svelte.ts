/** Where the reader is. Pages come and go inside one document, so the sound stays. */

import { routeOf, type Route } from "./route";

class Router {
  route: Route = $state.raw(routeOf(location.pathname, location.search));
  /** Changes with every walk, also to the same address. */
  walk = $state(0);

  constructor() {
    addEventListener("popstate", () => this.#arrive());
  }

  go(path: string, how: "push" | "replace" = "push"): void {
    if (how === "push") history.pushState(null, "", path);
    else history.replaceState(null, "", path);
    this.#arrive();
    scrollTo(0, 0);
  }

  /** Take over a plain click on a link to a page of the app. */
  follow(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (link === null || link.target !== "" || link.hasAttribute("download") || link.origin !== location.origin) return;
    if (link.hash !== "" && link.pathname === location.pathname) return;
    if (routeOf(link.pathname).page === "nothing") return;
    event.preventDefault();
    this.go(link.pathname + link.search);
  }

  #arrive(): void {
    this.route = routeOf(location.pathname, location.search);
    this.walk += 1;
  }
}

export const router = new Router();
