// `windlass wrap --ahead`: writes a component ahead of time, as JavaScript modules and core modules.
// Arguments enter; files, whose paths are printed, leave.

import { mkdir, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { aheadFiles } from "../ahead_files.ts";
import { type Arguments, memoryBound, noMore, type Options, UsageError } from "./arguments.ts";
import { load, say } from "./terminal.ts";

/** The options of `wrap --ahead`. */
export const aheadOptions: Options = {
  ahead: { type: "boolean" },
  output: { type: "string", short: "o" },
  library: { type: "string" },
  "max-memory-pages": { type: "string" },
  metering: { type: "boolean" },
};

/** Writes the files of a component, and prints their paths. */
export async function aheadCommand({ file, values, rest }: Arguments): Promise<number> {
  const { ahead, output, library, metering } = values;
  noMore(rest);
  if (ahead !== true) throw new UsageError("how? Give --ahead");
  if (typeof output !== "string") throw new UsageError("where to? Give -o DIR");
  const files = await aheadFiles(await load(file), {
    name: file === "-" ? "component" : basename(file).replace(/\.wasm$/, ""),
    ...typeof library === "string" && { library },
    ...memoryBound(values),
    ...metering === true && { metering },
  });
  await mkdir(output, { recursive: true });
  for (const [name, content] of files) {
    const path = join(output, name);
    await writeFile(path, content);
    await say(`${path}\n`);
  }
  return 0;
}
