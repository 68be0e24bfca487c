// windlass wrap server.wasm -o . --serve --library ./windlass/mod.js
import server from "./server.js";

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("fetch", (event) => {
  if (new URL(event.request.url).pathname === "/echo") event.respondWith(server.fetch(event.request));
});
