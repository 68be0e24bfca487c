// `split`: the core modules of a component as files, and the component without them.

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { componentInternals } from "../../core/component.ts";
import { splitComponent } from "../../core/sources/split.ts";
import { compile } from "../compile.ts";
import { type Arguments, memoryBound, noMore, UsageError } from "./arguments.ts";
import { load, say, waiting } from "./terminal.ts";
import { stemOf } from "./wrap.ts";

/** Splits FILE and prints the paths of what it wrote. */
export async function splitCommand({ file, values, rest: more }: Arguments): Promise<number> {
  const { output } = values;
  noMore(more);
  if (typeof output !== "string") throw new UsageError("where to? Give -o DIR");
  const bytes = await load(file);
  const component = await waiting(file, bytes, () => compile(bytes));
  const { rest, modules } = splitComponent(bytes, componentInternals(component).modules, {
    ...memoryBound(values),
    ...values["metering"] === true && { meterer: (await import("../../core/meter/meterer.ts")).meterer },
  });
  await mkdir(output, { recursive: true });
  const stem = stemOf(file);
  const pieces = [...modules.map((bytes, i) => [`core${i}`, bytes] as const), ["rest", rest] as const];
  for (const [name, bytes] of pieces) {
    const path = join(output, `${stem}.${name}.wasm`);
    await writeFile(path, bytes);
    await say(`${path}\n`);
  }
  return 0;
}
