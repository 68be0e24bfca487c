// The host that Wasmtime's component scripts link against.

import type { Linker } from "@windlass/component";
import { meteredBytes } from "./metered.ts";

// (module (global (export "g") i32 (i32.const 100))
//   (func (export "f") (result i32) (i32.const 101)))
const simpleModule = Uint8Array.of(
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 5, 1, 0x60, 0, 1, 0x7f, 3, 2, 1, 0, 6, 7, 1, 0x7f, 0, 0x41, 0xe4, 0, 0x0b],
  ...[7, 9, 2, 1, 0x67, 3, 0, 1, 0x66, 0, 0, 10, 7, 1, 5, 0, 0x41, 0xe5, 0, 0x0b],
);

/** Defines the host's functions, module and resources. The module is metered for a metered tree. */
export function defineSpectest(linker: Linker, metering = false): void {
  const dropped = { count: 0, last: 0 };
  class Resource1 {
    readonly rep: number;
    constructor(rep: number) {
      this.rep = rep;
    }
    simple(rep: number): void {
      if (this.rep !== rep) throw new Error(`expected ${rep}, found ${this.rep}`);
    }
    neverReturn(): Promise<never> {
      return new Promise(() => {});
    }
    takeBorrow(_: Resource1): void {}
    takeOwn(_: Resource1): void {}
    [Symbol.dispose](): void {
      dropped.count++;
      dropped.last = this.rep;
    }
    static assert(resource: Resource1, rep: number): void {
      resource.simple(rep);
    }
    static lastDrop(): number {
      return dropped.last;
    }
    static drops(): number {
      return dropped.count;
    }
  }
  class Resource2 {}
  linker.func("host-return-two", () => 2).func("host-echo-u32", (value) => value);
  const host = linker.instance("host")
    .func("return-three", () => 3)
    .func("return-hi", () => "hi")
    .func("return-two-slowly", () => slowly(2))
    .func("echo-slowly", (value) => slowly(value))
    .module("simple-module", new WebAssembly.Module(metering ? meteredBytes(simpleModule) : simpleModule))
    .resource("resource1", Resource1)
    .resource("resource2", Resource2)
    .resource("resource1-again", Resource1);
  host.instance("nested").func("return-four", () => 4);
  // Our tables hold fewer handles by a limit of the instance.
  linker.instance("wasmtime").func("set-max-table-capacity", () => {});
}

/** Gives a value some turns of the event loop later. */
async function slowly<T>(value: T): Promise<T> {
  for (let turn = 0; turn < 3; turn++) await new Promise((done) => setTimeout(done));
  return value;
}
