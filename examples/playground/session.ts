/// <reference lib="dom" />

// One component in the page: linked with its scripts, instantiated, and again after a trap.

import {
  type Component,
  ComponentError,
  features,
  HostFunc,
  type Imports,
  type Instance,
  Linker,
  Trap,
  ValueError,
} from "@windlass/component";
import { wasi } from "@windlass/component/wasi";
import type { Calls } from "./calls.ts";
import { Objects } from "./objects.ts";
import { hostFunction, isAsync, isWasi, type Script, Stub } from "./scripts.ts";

/** Where a guest's output goes that is shown as it comes. */
export function outputTo(show: Pick<Calls, "output">): { stdout?: WritableStream; stderr?: WritableStream } {
  // A guest that cannot be suspended cannot wait until a stream has taken what it wrote: there,
  // output is thrown away.
  if (!features.jspi) return {};
  const stream = (name: string): WritableStream<Uint8Array> => {
    const decoder = new TextDecoder();
    return new WritableStream({
      write: (chunk) => show.output(name, decoder.decode(chunk, { stream: true })),
      close: () => show.output(name, decoder.decode()),
    });
  };
  return { stdout: stream("stdout"), stderr: stream("stderr") };
}

/** What the component imports besides WASI, as one object. */
export function ownImports(component: Component, scripts: readonly Script[], calls: Calls, objects: Objects): Imports {
  const imports: Record<string, Record<string, unknown> | unknown> = {};
  const owner = (name: string): Record<string, unknown> => (imports[name] ??= {}) as Record<string, unknown>;
  for (const { name, type } of component.imports) {
    if (type.kind !== "instance" || isWasi(name)) continue;
    for (const member of type.exports) {
      if (member.type.kind === "type" && member.type.type.kind === "resource") owner(name)[member.name] = Stub;
    }
  }
  for (const script of scripts) {
    const call = HostFunc.dynamic(() => hostFunction(script, calls, objects.nameOf), {
      suspends: features.jspi && isAsync(script),
    });
    const [name = "", member] = script.path.split("#");
    if (member === undefined) imports[name] = call;
    else owner(name)[member] = call;
  }
  return imports as Imports;
}

/** A running instance, and what the page holds of it. */
export class Session {
  readonly component: Component;
  readonly calls: Calls;
  readonly objects: Objects = new Objects();
  readonly scripts: readonly Script[];
  #instance: Instance | undefined;
  #locked = false;
  /** Calls that are under way. */
  #busy = 0;
  /** Called when the instance was locked down. */
  onLocked: () => void = () => {};
  /** Makes another session of what is loaded. */
  again: () => void = () => {};

  constructor(component: Component, scripts: readonly Script[], calls: Calls) {
    this.component = component;
    this.scripts = scripts;
    this.calls = calls;
  }

  /** Links and instantiates. */
  async start(): Promise<void> {
    const { component, scripts, calls, objects } = this;
    const linker = new Linker({ shadowing: true }).trapUnknown();
    linker.define(
      await wasi({ ...outputTo(calls), args: ["program"] }),
    );
    linker.define(ownImports(component, scripts, calls, objects));
    this.#instance = await linker.link(component).instantiate();
  }

  /** Its exports; where the engine can, each gives a promise and may wait. */
  get exports(): Instance["exports"] {
    const instance = this.#instance!;
    return features.jspi ? instance.promising.exports as Instance["exports"] : instance.exports;
  }

  /** Whether no call can reach the instance any more. */
  get locked(): boolean {
    return this.#locked;
  }

  /**
   * Looks at what a call has thrown: all but a wrong argument and a guest's own error lock the
   * instance down.
   */
  #threw(error: unknown): void {
    if (error instanceof ComponentError || this.#locked) return;
    if (error instanceof ValueError && !/(?:^| of )import /.test(error.path)) return;
    if (error instanceof Trap && this.#busy > 1) return;
    this.#locked = true;
    this.onLocked();
  }

  /** Runs a call; one that comes while another waits is refused and locks nothing down. */
  async call(action: () => unknown): Promise<unknown> {
    this.#busy++;
    try {
      return await action();
    } catch (error) {
      this.#threw(error);
      throw error;
    } finally {
      this.#busy--;
    }
  }
}
