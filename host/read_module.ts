// Reads and compiles a core module that lies beside a JavaScript module: a file where the runtime has
// some, or what a server sends.

/** Modules up to this size are compiled at once. Every browser allows that, and it is faster. */
const SMALL_MODULE = 4096;

interface Runtime {
  readonly process?: { getBuiltinModule?(name: string): { readFileSync(url: URL): Uint8Array<ArrayBuffer> } };
}

/**
 * Compiles a module.
 *
 * @param size Its size in bytes, if it is known.
 */
export async function readModule(url: URL, size: number = Infinity): Promise<WebAssembly.Module> {
  const files = url.protocol === "file:" && (globalThis as Runtime).process?.getBuiltinModule?.("node:fs");
  if (files) return await compiled(files.readFileSync(url));
  const response = await fetch(url);
  if (!response.ok) {
    throw new TypeError(`${url} cannot be loaded: ${`${response.status} ${response.statusText}`.trim()}`);
  }
  const isWasm = response.headers.get("content-type")?.startsWith("application/wasm");
  if (size > SMALL_MODULE && isWasm && typeof WebAssembly.compileStreaming === "function") {
    return await WebAssembly.compileStreaming(response);
  }
  return await compiled(new Uint8Array(await response.arrayBuffer()));
}

async function compiled(bytes: Uint8Array<ArrayBuffer>): Promise<WebAssembly.Module> {
  return bytes.length <= SMALL_MODULE ? new WebAssembly.Module(bytes) : await WebAssembly.compile(bytes);
}
