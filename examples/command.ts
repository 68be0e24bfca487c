// A command-line tool written in C, run on a directory of ours that it may read, and nothing else.

import { run } from "@windlass/component/wasi";

const { exitCode, stdout } = await run(Deno.readFile("tests/wasi/guests/count.wasm"), {
  args: ["count", "LICENSE", "README.md"],
  preopens: { "/": { path: ".", readOnly: true } },
  stdout: "capture",
});
console.log(new TextDecoder().decode(stdout).trimEnd());
console.log(`exit code ${exitCode}`);

const refused = await run(Deno.readFile("tests/wasi/guests/count.wasm"), {
  args: ["count", "../../etc/passwd"],
  preopens: { "/": { path: ".", readOnly: true } },
  stdout: "capture",
});
console.log(new TextDecoder().decode(refused.stdout).trimEnd());
console.log(`exit code ${refused.exitCode}`);
