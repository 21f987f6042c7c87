// Without signal a page of ours says so. Only that page and its look are kept, fetched as a stranger: nobody's own pages.
const KEPT = "offline-2";

self.addEventListener("install", (event) => event.waitUntil((async () => {
  const page = await fetch("/offline", { credentials: "omit", cache: "reload" });
  if (!page.ok) throw new Error(page.status);
  const links = [...(await page.clone().text()).matchAll(/"(\/static\/[^"]+\.(?:css|js)\?v=\w+)"/g)].map((found) => found[1]);
  const cache = await caches.open(KEPT);
  await cache.addAll(links);
  await cache.put("/offline", page);
  await self.skipWaiting();
})()));

self.addEventListener("activate", (event) => event.waitUntil((async () => {
  for (const name of await caches.keys()) if (name !== KEPT) await caches.delete(name);
  await self.clients.claim();
})()));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.mode === "navigate") event.respondWith(fetch(request).catch(() => caches.match("/offline")));
  else if (new URL(request.url).pathname.startsWith("/static/")) event.respondWith(fetch(request).catch(async () => await caches.match(request.url) || Response.error()));
});
