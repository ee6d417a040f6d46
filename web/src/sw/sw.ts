/**
 * Keeps the shell of the app on the device, so that it opens at once and without a network.
 * Rule 1: nothing under /api is ever kept or answered from here.
 * Rule 2: hashed files are kept for as long as their build; the page itself is asked for first and kept as a fallback.
 */

export {}; // a module, so that `self` may be told what it is

declare const self: ServiceWorkerGlobalScope;
declare const __ASSETS__: readonly string[];
declare const __BUILD__: string;

const KEPT = `arengo-${__BUILD__}`;
const PAGE = "/";

/** The letters of most readers; the others come when a title needs them. */
const SHELL = __ASSETS__.filter((file) => !file.endsWith(".woff2") || file.includes("piazzolla-latin-opsz"));

self.addEventListener("install", (event) => {
  event.waitUntil(keepAll().then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(forgetOlder().then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (request.mode === "navigate") {
    if (isPageOfTheApp(url.pathname)) event.respondWith(freshOrKept(request));
  } else if (__ASSETS__.includes(url.pathname)) {
    event.respondWith(keptOrFresh(request));
  }
});

async function keepAll(): Promise<void> {
  const cache = await caches.open(KEPT);
  await cache.addAll([PAGE, ...SHELL]);
}

async function forgetOlder(): Promise<void> {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name !== KEPT).map((name) => caches.delete(name)));
}

function isPageOfTheApp(path: string): boolean {
  return path === "/" || /^\/(?:s\/[A-Za-z0-9]+|start|signin|signup|account)\/?$/u.test(path);
}

/** The server's own page where it answers (it carries the space's title), else the kept one. */
async function freshOrKept(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch {
    return (await caches.match(PAGE)) ?? Response.error();
  }
}

async function keptOrFresh(request: Request): Promise<Response> {
  return (await caches.match(request)) ?? fetch(request);
}
