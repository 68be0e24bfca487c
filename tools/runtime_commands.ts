// How tests and tools start the other runtimes, at the versions that are tested.

/** A runtime. */
export interface Runtime {
  readonly command: readonly string[];
  readonly env?: Record<string, string>;
}

/** By the name that a command line has for it. */
export const RUNTIMES: Readonly<Record<string, Runtime>> = {
  node: { command: ["npx", "-y", "node@26.10.0"] },
  bun: {
    command: ["npx", "-y", "bun@1.4.5"],
    env: {
      // Its engine takes thirty times as long to evaluate a text: as many random components as
      // `deno task test` has.
      WINDLASS_RUNS: "0.25",
      // It has few places for memories that are checked by page faults, and collects all garbage for
      // each memory beyond them: the tests, which make thousands, would take twelve times as long.
      BUN_JSC_useWasmFastMemory: "0",
    },
  },
};
