/**
 * WASI 0.2 for components, granting nothing that is not named.
 *
 * @example A command
 * ```ts
 * import { run } from "@windlass/component/wasi";
 * import { assertEquals } from "@std/assert";
 *
 * const bytes = await Deno.readFile("tests/wasi/guests/hello.wasm");
 * const { stdout } = await run(bytes, { args: ["hello"], stdout: "capture" });
 * assertEquals(new TextDecoder().decode(stdout), "Hello, world!\n");
 * ```
 *
 * @module
 */

import "../../abi/dispose.ts"; // first: before any class is made

export { ExitError } from "./exit.ts";
export type {
  FileEntry,
  FileStat,
  FileSystem,
  FileSystemFile,
  FileTimes,
  FileType,
  OpenMode,
} from "./files/file_system.ts";
export { directoryHandle } from "./files/directory_handle.ts";
export { type MemoryFiles, memoryFileSystem } from "./files/memory.ts";
export type { Later } from "./files/steps.ts";
export { linkWasi, wasi } from "./imports.ts";
export { listen, type Listening, type ListenOptions } from "./listen.ts";
export { wasiResources } from "./resources.ts";
export { run, type RunOptions, type RunResult } from "./run.ts";
export { serve, type ServeOptions } from "./serve.ts";
export type { WasiData, WasiOptions, WasiState } from "./state.ts";
