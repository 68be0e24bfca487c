// An HTTP handler behind Deno.serve: an instance for each request, bodies streamed both ways, a
// crash that harms nobody else.

import { serve } from "@windlass/component/wasi";

const handler = await serve(Deno.readFile("tests/wasi/guests/server.wasm"), {
  onError: (error) => console.log(`a handler failed: ${(error as Error).message}`),
});
const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => handler(request));

const at = `http://127.0.0.1:${server.addr.port}`;
console.log((await (await fetch(`${at}/hello`)).text()).trimEnd());
console.log(await (await fetch(`${at}/echo`, { method: "POST", body: "there and back" })).text());
console.log((await fetch(`${at}/trap`)).status);
console.log((await (await fetch(`${at}/hello`)).text()).trimEnd());
await server.shutdown();
