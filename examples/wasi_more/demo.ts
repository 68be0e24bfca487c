// deno run -A examples/wasi_more/demo.ts: a guest book over the store that this runtime has.

import { instantiate } from "@windlass/component";
import { wasi } from "@windlass/component/wasi";
import { Blobs, config, keyvalue, logging, openStore } from "./mod.ts";

// One file, or Deno KV if it is asked for by name: `deno run -A --unstable-kv … kv`.
using store = Deno.args[0] === "kv"
  ? await (await import("./kv_store.ts")).KvStore.open({ path: ":memory:", bucket: "guests" })
  : await openStore({ bucket: "guests" });
const blobs = new Blobs();
blobs.set("poem", () => new Blob(["roses are red\n", "violets are blue\n"]).stream());

const bytes = Deno.readFile("examples/wasi_more/guests/guestbook.wasm");
const guestbook = await instantiate(bytes, {
  ...await wasi(),
  ...logging(({ level, message }) => console.log(`${level}: ${message}`)),
  ...config({ greeting: "Good morning" }),
  ...keyvalue({ guests: store }),
  ...blobs.imports(),
});
// Through `promising`: the guest waits for a stream, and for a store that is asynchronous.
const { sign, entries, shout } = guestbook.promising.exports;
console.log(await sign("ann", "I was here"), await sign("bob", "me too"), await sign("ann", "and again"));
console.log(await entries());
console.log(await shout("poem", "loud poem"));
console.log(new TextDecoder().decode(blobs.get("loud poem") as Uint8Array));
