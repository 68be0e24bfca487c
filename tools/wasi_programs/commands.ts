// The programs that are commands. In: a component's path and its program's name. Out: nothing, or why it
// failed.

import { networkInterfaces } from "node:os";
import { run } from "@windlass/component/wasi";

/** What some programs are given besides their name, and what they write. */
const LINES: Readonly<Record<string, { readonly args?: readonly string[]; readonly stdout?: string }>> = {
  "cli-hello-stdout": { stdout: "hello, world\n" },
  "cli-hello-stdout-post-return": { stdout: "hello, world\nhello again, after return\n" },
  "cli-much-stdout": { args: ["abcd", "1000"], stdout: "abcd".repeat(1000) },
};

/** Runs a command in an empty directory, with the server that it may send requests to. */
export async function runCommand(
  path: string,
  name: string,
  server: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { args = ["."], stdout: expected } = LINES[name] ?? {};
  const hasIpv6 = Object.values(networkInterfaces()).flat().some((found) => found?.address === "::1");
  const directory = await Deno.makeTempDir();
  const errors: string[] = [], decoder = new TextDecoder();
  try {
    const { exitCode, stdout } = await run(await Deno.readFile(path), {
      args: [`p3_${name.replaceAll("-", "_")}.component`, ...args],
      env: { ERRNO_MODE_UNIX: "1", HTTP_SERVER: server, ...!hasIpv6 && { DISABLE_IPV6: "1" } },
      preopens: { ".": directory },
      network: { http: true, sockets: true },
      stdout: "capture",
      stderr: new WritableStream({ write: (bytes) => void errors.push(decoder.decode(bytes, { stream: true })) }),
      signal,
    });
    if (exitCode !== 0) return `exit code ${exitCode}; ${toldBy(errors)}`;
    const text = new TextDecoder().decode(stdout);
    if (expected !== undefined && text !== expected) return `wrote ${JSON.stringify(text.slice(0, 100))}`;
  } catch (error) {
    return `${String(error).split("\n")[0]}; ${toldBy(errors)}`;
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** What a program said of its end, in one line. */
function toldBy(errors: readonly string[]): string {
  return errors.join("").replace(/note: run with.*/s, "").trim().replaceAll(/\s*\n\s*/g, " ");
}
