// The model of the interleaving test. It follows the library step by step: it gets what the library
// tells (the start of a guest's code, the end of each command) and says whether the specification
// permits that. Where the specification leaves a choice (which ready thread goes on, which event
// comes first), the model takes the choice that the library shows.
// Spec: definitions.py `Store.tick`, `Store.invoke`.

import type { Command, InstanceName, Lift } from "./commands.ts";
import { execute } from "./model_commands.ts";
import { ModelTrap } from "./model_state.ts";
import {
  type LibraryEvent,
  ModelStore,
  ModelTask,
  type ModelThread,
  peek,
  show,
  startTask,
  type Steps,
  type Stop,
} from "./model_tasks.ts";

/** The library has done what the specification does not permit. */
export class Difference extends Error {
  override name = "Difference";
}

/** A call of the host. */
export interface RootCall {
  readonly inst: InstanceName;
  readonly lift: Lift;
  readonly call: number;
  result: number | undefined;
}

/** The model of one tree. */
export class Model {
  readonly store: ModelStore;
  readonly roots: Map<number, RootCall> = new Map();
  /** The calls of the host that have not started. */
  readonly #toStart = new Set<RootCall>();
  readonly #steps: Steps<void>;
  #stop: Stop | undefined;
  /** The trap that has ended everything. */
  trap: ModelTrap | undefined = undefined;

  /** @param suspends Whether the engine can suspend stacks. */
  constructor(suspends: boolean) {
    this.store = new ModelStore(execute, suspends);
    this.#steps = this.#run();
    this.#advance(undefined);
  }

  /** The host calls. */
  invoke(inst: InstanceName, lift: Lift, call: number): void {
    const root: RootCall = { inst, lift, call, result: undefined };
    this.roots.set(call, root);
    this.#toStart.add(root);
    this.store.instances.get(inst)!.hostCalls++;
  }

  /** The library has refused a call of the host. */
  revoke(call: number): void {
    const root = this.roots.get(call)!;
    this.roots.delete(call);
    if (this.#toStart.delete(root)) this.store.instances.get(root.inst)!.hostCalls--;
  }

  /** Whether no guest runs. */
  get isFree(): boolean {
    return this.#stop?.kind === "choice" && this.#stop.top;
  }

  /** The library tells. Gives the thread whose guest wants a command. */
  tell(event: LibraryEvent): ModelThread {
    if (this.trap !== undefined) {
      throw new Difference(`the model has trapped (${this.trap.message}), found ${show(event)}`);
    }
    while (this.#stop?.kind === "choice") {
      this.#advance(event);
      const { trap } = this as { trap: ModelTrap | undefined };
      if (trap !== undefined) throw new Difference(`${show(event)}: the model has trapped instead (${trap.message})`);
    }
    const stop = this.#stop!;
    if (stop.kind !== "expect") throw new Difference(`found ${show(event)}, expected a command`);
    const [expected, found] = [stop.event, event].map(show);
    if (expected !== found) throw new Difference(`expected ${expected}, found ${found}`);
    this.#advance(undefined);
    const next = this.#stop!;
    if (next.kind !== "command") throw new Difference(`expected that a guest wants a command, found ${next.kind}`);
    return next.thread;
  }

  /** Gives a guest its command. */
  command(command: Command): void {
    this.#advance(command);
  }

  /** The library has trapped, and not in a command: a parameter cannot be lifted. */
  tellTrap(code: string): void {
    while (this.trap === undefined && this.#stop?.kind === "choice") {
      if (this.#stop.top && !this.ready.some(({ task }) => task.cannotStart)) return;
      this.#advance({ kind: "trap", code });
    }
  }

  /** Whether a thread's command has ended, and the library has not told so yet. */
  expectsEndOf(call: number): boolean {
    const stop = this.#stop;
    return stop?.kind === "expect" && stop.event.kind === "ended" && stop.event.call === call;
  }

  /** Whether no thread runs and none is ready. */
  get isIdle(): boolean {
    return this.#stop?.kind === "choice" && this.#stop.top && this.ready.length === 0 &&
      [...this.#toStart].every((root) => this.#mustWait(root));
  }

  get ready(): ModelThread[] {
    return [...this.store.waiting].filter((thread) => thread.isReady);
  }

  get size(): number {
    return [...this.store.instances.values()].reduce((sum, { handles }) => sum + handles.size, 0);
  }

  /** What the model expects, in words. */
  expects(): string {
    const stop = this.#stop;
    if (this.trap !== undefined) return this.trap.message;
    if (stop?.kind === "expect") return show(stop.event);
    if (stop?.kind !== "choice") return `${stop?.kind}`;
    const threads = this.ready.map(({ call, doing }) => `thread ${call} (${doing})`);
    return `${stop.top ? "at the top" : "within a call"}, ready: ${
      [...threads, ...[...this.#toStart].map(({ call }) => `call ${call} of the host`)].join(", ") || "none"
    }`;
  }

  #advance(input: unknown): void {
    try {
      const next = this.#steps.next(input);
      this.#stop = next.done ? undefined : next.value;
    } catch (error) {
      if (!(error instanceof ModelTrap)) throw new Difference((error as Error).message, { cause: error });
      this.trap = error;
    }
  }

  /** `Store.tick`, for ever. */
  *#run(): Steps<void> {
    for (;;) {
      const event = yield* peek(true);
      const root = event.kind === "start" && [...this.#toStart].find(({ call }) => call === event.call);
      if (root) {
        yield* this.#start(root);
        continue;
      }
      // The host's call may have to wait before its code starts.
      for (const each of this.#toStart) {
        if (this.#mustWait(each)) yield* this.#start(each);
      }
      const thread = this.ready.find((thread) =>
        event.kind === "trap" ? thread.task.cannotStart : thread.call === event.call
      );
      if (thread === undefined) throw new Error(`${show(event)}, but that may not go on (${this.expects()})`);
      const { inst } = thread.task;
      inst.mayEnter = false;
      yield* thread.resume();
      inst.mayEnter = true;
    }
  }

  #mustWait({ inst, lift }: RootCall): boolean {
    const { backpressure, exclusive, waitingToEnter } = this.store.instances.get(inst)!;
    if (lift === "sy") return false;
    return backpressure > 0 || waitingToEnter > 0 || lift !== "st" && exclusive !== undefined;
  }

  *#start(root: RootCall): Steps<void> {
    const inst = this.store.instances.get(root.inst)!;
    this.#toStart.delete(root);
    inst.hostCalls--;
    yield* startTask(
      new ModelTask(this.store, inst, { lift: root.lift, payload: "n" }, root.call, {
        onStart: () => undefined,
        onResolve: (result) => root.result = result as number,
      }),
    );
  }
}
