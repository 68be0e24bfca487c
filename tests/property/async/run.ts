// Runs one program of the interleaving test in the library, with the model beside it.
// A program enters; a Difference is thrown if the two do not agree, and else what happened leaves.

import { instantiate, Trap } from "@windlass/component";
import { jspi } from "../../../abi/state/jspi.ts";
import { nextRound } from "../../../abi/concurrency/turn.ts";
import { itemsOf } from "../../e2e/async/tables.ts";
import {
  type Command,
  commandText,
  encode,
  hostResult,
  type InstanceName,
  instances,
  isHostFast,
  type Lift,
  lifts,
} from "./commands.ts";
import { type Chooser, Driver, type Program, Scripted } from "./driver.ts";
import { guest, memories } from "./guest.ts";
import { Difference, Model } from "./model.ts";
import { type LibraryEvent, show } from "./model_tasks.ts";

/** How the library runs. */
export interface Mode {
  readonly codegen: boolean;
  readonly jspi: boolean;
}

/** What happened. */
export interface Outcome {
  /** The code of the trap that has ended the program. */
  readonly trap: string | undefined;
  readonly events: number;
  /** Calls of the host that waited for ever, before the tables were emptied. */
  readonly stuck: number;
  /** Handles that could not be dropped. */
  readonly left: number;
  /** What was executed, with results. */
  readonly log: readonly string[];
}

/** Gives the event loop a turn. The library sometimes waits for a timer, so later turns do too. */
function turn(timer: boolean): Promise<void> {
  return new Promise((resolve) => timer ? setTimeout(resolve, 1) : nextRound(resolve));
}

/** Turns of the event loop without anything new, after which the library has stopped. */
const MAX_TURNS = 50;

type Exports = Record<string, (...args: number[]) => unknown>;

/** Runs a random program. */
export function run(program: Program, mode: Mode): Promise<Outcome> {
  return execute(
    program.roots.map(({ inst, lift }) => ({ inst: instances[inst % 3]!, lift: lifts[lift % 4]! })),
    (callHost) => new Driver(program, callHost),
    mode,
    mode.jspi || program.callbacks,
    program.memories,
  );
}

/**
 * Runs given commands: a list for each call and thread, by its number. The host's calls come first.
 */
export function runScripts(
  roots: readonly Root[],
  scripts: Readonly<Record<number, readonly string[]>>,
  mode: Mode = { codegen: true, jspi: true },
): Promise<Outcome> {
  return execute(roots, () => new Scripted(scripts), mode, mode.jspi);
}

/** A call of the host at the beginning. */
interface Root {
  readonly inst: InstanceName;
  readonly lift: Lift;
}

type CallHost = (inst: InstanceName, lift: Lift, when: number) => void;

async function execute(
  roots: readonly Root[],
  chooser: (callHost: CallHost) => Chooser,
  mode: Mode,
  waits: boolean,
  which = 0,
): Promise<Outcome> {
  const component = await guest(mode.codegen, memories[which % memories.length]!);
  const had = jspi.has;
  jspi.has = mode.jspi && had;
  try {
    const running = new Run(roots, chooser, waits);
    const { exports, promising } = await instantiate(component, running.imports, {
      idle: "wait",
      onError: () => {}, // what a task throws past its return
      hooks: { idle: () => running.idleReports++ },
    });
    return await running.run(exports as Exports, promising.exports as Exports);
  } finally {
    jspi.has = had;
  }
}

class Run {
  readonly #model: Model;
  readonly #driver: Chooser;
  readonly #roots: readonly Root[];
  /** Whether nothing may be refused because the engine cannot suspend stacks. */
  readonly #waits: boolean;
  readonly #suspends = jspi.has;
  readonly #items = itemsOf();
  readonly #log: string[] = [];
  #exports!: Exports;
  #promising!: Exports;
  #difference: unknown;
  #last: { readonly call: number; readonly command: Command } | undefined;
  #trap: Trap | undefined;
  /** How many calls of the host are still to come. */
  #planned = 0;
  #over = false;
  /** Whether a plain call of a synchronous function has trapped because it would have to wait. */
  #cannotWait = false;
  readonly #results = new Map<number, unknown>();
  /** What ends the calls of the host that are under way. */
  readonly #hostWork = new Map<number, (value: number) => void>();
  idleReports = 0;

  constructor(roots: readonly Root[], chooser: (callHost: CallHost) => Chooser, waits: boolean) {
    this.#roots = roots;
    this.#waits = waits;
    this.#model = new Model(jspi.has);
    this.#driver = chooser((inst, lift, when) => {
      const call = (): void => {
        this.#planned--;
        if (!this.#over) this.#call(inst, lift, true);
      };
      this.#planned++;
      if (when === 0) call();
      else if (when === 1) queueMicrotask(call);
      else if (when === 2) nextRound(call);
      else setTimeout(call);
    });
  }

  get imports(): Record<string, (...args: never[]) => unknown> {
    return {
      host: (call: number) =>
        isHostFast(call) ? hostResult(call) : new Promise((resolve) => this.#hostWork.set(call, resolve)),
      start: (call: number, handle: number) => this.#next({ kind: "start", call, handle }),
      nextCommand: (call: number, result: bigint, hash: number) => this.#next({ kind: "ended", call, result, hash }),
      event: (call: number, code: number, index: number, payload: number) =>
        this.#next({ kind: "callback", call, event: [code, index, payload] }),
    };
  }

  #next(event: LibraryEvent): bigint {
    try {
      this.idleReports = 0;
      this.#log.push(`  ${show(event)}`);
      const thread = this.#model.tell(event), command = this.#driver.choose(thread), { name } = thread.task.inst;
      this.#log.push(`${name} ${thread.call} (${thread.task.lift}): ${commandText(command)}`);
      this.#last = { call: thread.call, command };
      this.#model.command(command);
      return encode(name, command);
    } catch (error) {
      this.#difference ??= error;
      throw error;
    }
  }

  /** A synchronous call that cannot wait. It is refused if a guest runs. */
  #callNow(inst: InstanceName, call: number, isFree: boolean): void {
    const { idleReports } = this;
    try {
      this.#results.set(call, this.#exports[`${inst}SyN`]!(call));
      // If it has woken nobody, there is no reason to say again that calls wait: but the host may
      // work for it now.
      if (this.#model.isIdle && this.#model.store.hostWork.size === 0) this.idleReports = idleReports;
    } catch (error) {
      const waits = error instanceof Trap && /^(block-sync-task|deadlock|cannot-suspend)$/.test(error.code);
      // A plain call never waits, and does not see a thread whose stack goes on in a microtask.
      if (waits && this.#model.trap === undefined) this.#cannotWait = true;
      if (!(error instanceof Trap) || error.code !== "cannot-enter" || error.cause !== undefined) {
        return this.#refusedWith(error);
      }
      this.#model.revoke(call);
      this.#log.push(`refused: ${call}`);
      if (isFree) this.#difference ??= new Difference(`the library refuses a call, but nobody runs: ${error.message}`);
    }
  }

  #call(inst: InstanceName, lift: Lift, now = false): void {
    if (this.#trap !== undefined) return;
    const call = this.#driver.number();
    this.#log.push(`the host calls ${inst} ${lift}: ${call}`);
    const { isFree } = this.#model;
    this.#model.invoke(inst, lift, call);
    if (lift === "sy" && now) return this.#callNow(inst, call, isFree);
    (this.#promising[`${inst}${lift[0]!.toUpperCase()}${lift[1]}N`]!(call) as Promise<unknown>).then(
      (value) => void this.#results.set(call, value),
      (error) => {
        this.#results.set(call, error);
        this.#refusedWith(error);
      },
    );
  }

  #refusedWith(error: unknown): void {
    if (!(error instanceof Trap)) return void (this.#difference ??= error);
    if (error.code === "cannot-enter" && error.cause instanceof Trap) {
      this.#trap ??= error.cause;
    } else {
      this.#trap = error;
    }
  }

  async run(exports: Exports, promising: Exports): Promise<Outcome> {
    this.#exports = exports;
    this.#promising = promising;
    try {
      return await this.#run();
    } catch (error) {
      const found = this.#difference ?? error;
      if (found instanceof Error) found.message += `\n${this.#log.slice(-200).join("\n")}`;
      throw found;
    } finally {
      this.#over = true;
    }
  }

  async #run(): Promise<Outcome> {
    for (const { inst, lift } of this.#roots) this.#call(inst, lift);
    await this.#settle();
    const stuck = this.#unresolved();
    for (let round = 0; round < 5 && this.#model.trap === undefined && this.#trap === undefined; round++) {
      this.#driver.finishing = true;
      for (const name of instances) {
        const inst = this.#model.store.instances.get(name)!, call = this.#driver.cleaner(inst);
        this.#log.push(`clean ${name}: ${call}`);
        this.#model.invoke(name, "sy", call);
        await this.#clean(name, call);
        await this.#settle();
      }
      if (this.#model.size === 0 && this.#unresolved() === 0) break;
    }
    this.#compare();
    return {
      trap: this.#trap?.code,
      events: this.#log.length,
      stuck,
      left: this.#trap === undefined ? this.#model.size + this.#unresolved() : 0,
      log: this.#log,
    };
  }

  /** A synchronous call, on a stack that can be suspended if the engine has such. */
  async #clean(name: InstanceName, call: number): Promise<void> {
    try {
      const exports = this.#suspends ? this.#promising : this.#exports;
      this.#results.set(call, await exports[`${name}SyN`]!(call));
    } catch (error) {
      this.#refusedWith(error);
    }
  }

  #unresolved(): number {
    return [...this.#model.roots.values()].filter(({ result }) => result === undefined).length;
  }

  /** Waits until nothing goes on, and checks that the model says so. */
  async #settle(): Promise<void> {
    for (let still = 0, seen = -1; still < MAX_TURNS; still++) {
      await turn(still > 2);
      if (this.#difference !== undefined) throw this.#difference;
      if (this.#trap !== undefined) return;
      if (this.#log.length !== seen) {
        seen = this.#log.length;
        still = 0;
        continue;
      }
      if (this.#model.trap !== undefined) break;
      if (!this.#model.isIdle || still < 2 || this.#planned > 0) continue;
      if (this.#model.store.hostWork.size > 0) {
        if (this.idleReports > 0) throw new Difference("the library says that calls wait, but the host works");
        this.#endHostWork();
        still = 0;
        continue;
      }
      const waits = this.#unresolved() > 0;
      if (waits && this.idleReports === 0 && !this.#driver.finishing) continue;
      if (!waits && this.idleReports > 0) throw new Difference("the library says that calls wait, the model not");
      return;
    }
    this.#probe();
    if (this.#trap === undefined) throw new Difference(`nothing happens, expected ${this.#model.expects()}`);
  }

  /** Ends one of the calls of the host that are under way, and were not cancelled. */
  #endHostWork(): void {
    const { hostWork } = this.#model.store, [[call, end]] = hostWork as unknown as [[number, () => void]];
    this.#log.push(`the host ends ${call}`);
    hostWork.delete(call);
    end();
    this.#hostWork.get(call)!(hostResult(call));
  }

  /** Finds a trap that no call of the host has rejected with. */
  #probe(): void {
    try {
      this.#exports.aPing!();
    } catch (error) {
      this.#refusedWith(error);
    }
  }

  #compare(): void {
    if (this.#trap !== undefined) this.#model.tellTrap(this.#trap.code);
    if (this.#cannotWait) return;
    const { trap } = this.#model, found = this.#trap, last = this.#last;
    if (found !== undefined && trap === undefined) {
      const blocked = last !== undefined && !this.#model.expectsEndOf(last.call);
      if (!this.#waits && found.code === "cannot-suspend" && blocked) return;
      throw new Difference(`the library has trapped (${found.message}), expected ${this.#model.expects()}`);
    }
    if (trap !== undefined) {
      if (found === undefined) throw new Difference(`expected a trap: ${trap.message}`);
      if (!this.#waits && found.code === "cannot-suspend" && trap.codes.includes("block-sync-task")) return;
      if (!trap.codes.includes(found.code)) throw new Difference(`expected a ${trap.message}, found ${found.message}`);
      return;
    }
    for (const { call, result } of this.#model.roots.values()) {
      const found = this.#results.get(call);
      if (found !== result) throw new Difference(`call ${call} gave ${found}, expected ${result}`);
    }
    const size = this.#items();
    if (size !== this.#model.size) throw new Difference(`${size} handles are left, expected ${this.#model.size}`);
  }
}
