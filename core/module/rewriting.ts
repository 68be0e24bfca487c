// Which transforms a core module goes through on its way to the engine, by what the host asked for.

import { MemoryCaps } from "./memory_caps.ts";
import { SectionTransform } from "./section_transform.ts";
import { Pipeline, type Transform } from "./transform.ts";

/** What a host asks for. */
export interface RewritingOptions {
  /** The bound of every memory, in pages of 64 KiB. */
  readonly maxMemoryPages?: number;
  /** What meters modules, if they are to be metered. */
  readonly meterer?: { transform(module: number, offset: number): Transform } | undefined;
}

/**
 * The pipeline of one module.
 *
 * @param module The module's index, for messages.
 * @param offset Where it begins in the component.
 */
export function rewritingOf(
  { maxMemoryPages, meterer }: RewritingOptions,
  module: number,
  offset: number,
): Transform {
  const transforms: Transform[] = [];
  if (maxMemoryPages !== undefined) {
    transforms.push(new SectionTransform(new MemoryCaps(maxMemoryPages, module, offset)));
  }
  if (meterer !== undefined) transforms.push(meterer.transform(module, offset));
  return new Pipeline(transforms);
}
