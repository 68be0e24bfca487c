// The texts that functions are generated from.

import { tiers } from "../../abi/codegen/tiers.ts";

/** Collects the bodies of functions that are made meanwhile, with imports generated at once. */
export function textsOf(action: () => void): string[] {
  return callsOf(action).map((call) => call.slice(call.indexOf(STRICT) + STRICT.length));
}

const STRICT = '"use strict";\n';

/**
 * Collects what `Function` is called with meanwhile, without the number that tells the copies of a text
 * from each other.
 */
export function callsOf(action: () => void): string[] {
  const texts: string[] = [], { Function } = globalThis, { warmCalls } = tiers;
  const note = (args: unknown[]): void => void texts.push(args.join("\n").replace(/\n\/\/ \d+$/, ""));
  globalThis.Function = new Proxy(Function, {
    construct(target, args) {
      note(args);
      return Reflect.construct(target, args);
    },
    apply(target, self, args) {
      note(args);
      return Reflect.apply(target, self, args);
    },
  });
  tiers.warmCalls = 0;
  try {
    action();
  } finally {
    globalThis.Function = Function;
    tiers.warmCalls = warmCalls;
  }
  return texts;
}
