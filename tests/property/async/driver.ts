// Chooses the commands of a program. A program is random numbers; what they mean depends on the
// state of the model, so that most commands make sense: they read from an end that there is, wait
// for a set with something in it. Some make none, and trap. A program and a thread enter, a command
// leaves.

import {
  callees,
  callName,
  type Command,
  ends,
  type EndType,
  EVENTS,
  type InstanceName,
  instances,
  type Lift,
  lifts,
  opsOf,
  passedTypes,
  RESULTS,
  takesEnd,
} from "./commands.ts";
import { End, type ModelInstance, Subtask, Waitable, WaitableSet } from "./model_state.ts";
import type { ModelThread } from "./model_tasks.ts";

/** One step of a script: what to do, and with what. */
export type Step = readonly [intent: number, which: number, how: number];

/** A call of the host: at the beginning, or by a command, now or in a while. */
export interface ProgramRoot {
  readonly inst: number;
  readonly lift: number;
}

/** A program. Each call and each thread takes the next script. */
export interface Program {
  readonly roots: readonly ProgramRoot[];
  readonly scripts: readonly (readonly Step[])[];
  /** Whether all tasks use callbacks, and no command ever has to wait. */
  readonly callbacks: boolean;
  /** Which type of streams and futures is made most often. */
  readonly focus: number;
  /** Which memories the instances have. */
  readonly memories: number;
}

/** Says what a thread does next. */
export interface Chooser {
  /** A number for a call or a thread. */
  number(): number;
  /** A number for a call that empties the tables of an instance, as far as that is possible. */
  cleaner(inst: ModelInstance): number;
  choose(thread: ModelThread): Command;
  /** Whether every thread is to end. */
  finishing: boolean;
}

const MAX_CALLS = 24, MAX_COMMANDS = 400;

/** How often each intent is chosen. */
const weights = {
  call: 16,
  read: 12,
  write: 12,
  wait: 14,
  join: 10,
  new: 6,
  return: 3,
  cancel: 5,
  drop: 6,
  poll: 4,
  yield: 5,
  "cancel-subtask": 7,
  "drop-subtask": 4,
  backpressure: 3,
  fill: 4,
  host: 8,
  thread: 8,
  root: 3,
  exit: 1,
} as const;
type Intent = keyof typeof weights;
const intents = (Object.keys(weights) as Intent[]).flatMap((intent) => Array<Intent>(weights[intent]).fill(intent));
/** One in so many commands makes no sense. */
const WILD = 150;

const endTypes = Object.keys(ends) as EndType[];
const command = (op: string, a = 0, b = 0, c = 0): Command => ({ op, a, b, c });

/** What both kinds of chooser do. */
abstract class BaseChooser implements Chooser {
  readonly #cleaning = new Map<number, Generator<Command, void, undefined>>();
  calls = 0;
  finishing = false;

  number(): number {
    return ++this.calls;
  }

  cleaner(inst: ModelInstance): number {
    const call = this.number();
    this.#cleaning.set(call, clean(inst));
    return call;
  }

  choose(thread: ModelThread): Command {
    const cleaning = this.#cleaning.get(thread.call);
    if (cleaning === undefined) return this.next(thread);
    const next = cleaning.next();
    return next.done ? command("exit") : next.value;
  }

  protected abstract next(thread: ModelThread): Command;
}

/** Executes given commands: a list for each call and thread, by its number. */
export class Scripted extends BaseChooser {
  readonly #scripts: ReadonlyMap<number, Command[]>;

  /** @param scripts Commands in words: `join 1 2`. Operands that are not given are 0. */
  constructor(scripts: Readonly<Record<number, readonly string[]>>) {
    super();
    this.#scripts = new Map(
      Object.entries(scripts).map(([call, lines]) => [
        Number(call),
        lines.map((line) => {
          const [op, a, b, c] = line.split(" ");
          return command(op!, ...[a, b, c].map((word) => Number(word ?? 0)));
        }),
      ]),
    );
  }

  protected next(thread: ModelThread): Command {
    return this.#scripts.get(thread.call)?.shift() ?? finish(thread);
  }
}

/** Chooses the commands of a random program. */
export class Driver extends BaseChooser {
  readonly #scripts: Step[][];
  readonly #callbacks: boolean;
  /** The types of new streams and futures. */
  readonly #types: readonly EndType[];
  readonly #taken = new Map<number, Step[]>();
  readonly #callHost: (inst: InstanceName, lift: Lift, when: number) => void;
  #commands = 0;
  /** Whether the step is to be taken again, because it has only made what it needs. */
  #again = false;

  /** @param callHost Lets the host call. */
  constructor(
    { scripts, callbacks, focus }: Program,
    callHost: (inst: InstanceName, lift: Lift, when: number) => void,
  ) {
    super();
    this.#scripts = scripts.map((script) => [...script]);
    this.#callbacks = callbacks;
    const often = endTypes[focus % endTypes.length]!;
    this.#types = [often, often, often, often, "stream-u8", endTypes[(focus >> 3) % endTypes.length]!];
    this.#callHost = callHost;
  }

  protected override next(thread: ModelThread): Command {
    let script = this.#taken.get(thread.call);
    if (script === undefined) this.#taken.set(thread.call, script = this.#scripts.shift() ?? []);
    if (this.finishing || ++this.#commands > MAX_COMMANDS) return finish(thread);
    for (let step = script.shift(); step !== undefined; step = script.shift()) {
      const chosen = this.#step(thread, step);
      if (this.#again) script.unshift(step);
      this.#again = false;
      if (chosen !== undefined) return chosen;
    }
    return finish(thread);
  }

  #step(thread: ModelThread, [intent, which, how]: Step): Command | undefined {
    if (intent % WILD === 7) return this.#wild(thread, which, how);
    const { task } = thread, { inst } = task, isCallback = task.lift === "cb" && thread === task.implicit;
    const pick = <T>(from: readonly T[]): T | undefined => from[which % from.length];
    const items = inst.handles.entries();
    const endsOf = (fits: (end: End) => boolean): [number, End][] =>
      items.filter((entry): entry is [number, End] => entry[1] instanceof End && fits(entry[1]));
    const sets = items.filter((entry): entry is [number, WaitableSet] => entry[1] instanceof WaitableSet);
    switch (intents[intent % intents.length]!) {
      case "call":
        return this.#call(thread, which, how);
      case "read":
      case "write": {
        const verb = intents[intent % intents.length] as "read" | "write";
        const entry = pick(endsOf((end) => end.verb === verb && end.state === "idle"));
        if (entry === undefined) return command(`${this.#types[how % 6]}.new`);
        const [index, { shared: { type }, set }] = entry, sync = !this.#callbacks && set === undefined && how % 3 === 0;
        const ptr = (how >> 2) % 8 * 4 + (ends[type].size === 1 ? how >> 5 & 1 : 0);
        return command(`${type}.${verb}${sync ? "" : "-async"}`, index, ptr, (how >> 6) % 5);
      }
      case "new":
        return how % 3 === 0 ? command("set.new") : command(`${this.#types[which % 6]}.new`);
      case "wait": {
        const set = pick(sets.filter(([, set]) => set.members.size > 0)) ?? pick(sets);
        if (set === undefined) return command("set.new");
        if (isCallback && (this.#callbacks || how % 8 > 0)) return command("exit", 2 | set[0] << 4);
        if (this.#callbacks) return undefined;
        return command(how % 2 > 0 ? "set.wait-c" : "set.wait", set[0], EVENTS + how % 2 * 8);
      }
      case "join": {
        const waitables = items.filter(([, item]) => item instanceof Waitable && !item.hasSyncWaiter);
        const busy = waitables.filter(([, item]) => item instanceof Subtask || (item as End).isCopying);
        const waitable = pick(busy) ?? pick(waitables);
        if (waitable === undefined) return undefined;
        if (how % 6 === 0) return command("join", waitable[0], 0);
        const set = sets[how % sets.length];
        return set === undefined ? command("set.new") : command("join", waitable[0], set[0]);
      }
      case "return":
        return task.isResolved ? undefined : returning(thread);
      case "cancel": {
        const entry = pick(endsOf((end) => end.state === "copying" && !end.hasSyncWaiter));
        if (entry === undefined) return undefined;
        const [index, { shared: { type }, verb, set }] = entry;
        const async = this.#callbacks || set !== undefined || how % 2 > 0;
        return command(`${type}.cancel-${verb}${async ? "-async" : ""}`, index);
      }
      case "drop": {
        const set = how % 4 === 0 && pick(sets.filter(([, set]) => set.members.size + set.waiting === 0));
        if (set) return command("set.drop", set[0]);
        const entry = pick(
          endsOf((end) => !end.isCopying && !(end.kind === "future" && end.verb === "write" && end.state !== "done")),
        );
        if (entry === undefined) return undefined;
        return command(`${entry[1].shared.type}.drop-${entry[1].verb}`, entry[0]);
      }
      case "poll": {
        const set = pick(sets);
        return set && command(how % 2 > 0 ? "set.poll-c" : "set.poll", set[0], EVENTS);
      }
      case "yield":
        if (isCallback && (this.#callbacks || how % 4 > 0)) return command("exit", 1);
        return this.#callbacks ? undefined : command(`thread.yield${how % 2 > 0 ? "-c" : ""}`);
      case "cancel-subtask": {
        const subtasks = items.filter(([, item]) =>
          item instanceof Subtask && !item.delivered && !item.cancellationRequested
        );
        const subtask = pick(subtasks);
        if (subtask === undefined) return undefined;
        const async = this.#callbacks || (subtask[1] as Subtask).set !== undefined || how % 3 > 0;
        return command(`subtask.cancel${async ? "-async" : ""}`, subtask[0]);
      }
      case "drop-subtask": {
        const subtask = pick(items.filter(([, item]) => item instanceof Subtask && item.delivered));
        return subtask && command("subtask.drop", subtask[0]);
      }
      case "host":
        return this.#host(thread, how);
      case "backpressure":
        return command(inst.backpressure > 0 && how % 3 > 0 ? "backpressure.dec" : "backpressure.inc");
      case "fill":
        return command("fill", which % 8 * 4, how % 256);
      case "thread":
        return this.#thread(thread, which, how);
      case "root": {
        const name = instances[which % instances.length]!;
        const lift = this.#callbacks ? "cb" : lifts[(how >> 2) % lifts.length]!;
        if (this.calls < MAX_CALLS) this.#callHost(name, how % 5 === 0 ? "sy" : lift, (how >> 6) % 4);
        return undefined;
      }
      case "exit":
        return command("exit", how % 16 === 0 ? 3 : 0);
    }
  }

  #host({ task: { lift } }: ModelThread, how: number): Command | undefined {
    if (this.calls >= MAX_CALLS) return undefined;
    if (!this.#callbacks && lift !== "sy" && how % 4 === 0) return command("host-sync", this.number());
    return command("host-async", this.number(), RESULTS + (how >> 8) % 4 * 4);
  }

  #call({ task: { inst } }: ModelThread, which: number, how: number): Command | undefined {
    const names = callees[inst.name];
    if (names.length === 0 || this.calls >= MAX_CALLS) return undefined;
    const callee = names[which % names.length]!;
    let lift: Lift = lifts[[0, 0, 0, 1, 1, 1, 2, 2, 3][(which >> 2) % 9]!]!;
    if (this.#callbacks && lift !== "sy") lift = "cb";
    const payload = (["n", "n", "s", "b", "f", "g"] as const)[how % 6]!;
    const lower = lift === "sy" || !this.#callbacks && (how >> 4) % 4 === 0 ? "sync" : "async";
    let handle = 0;
    if (takesEnd(payload)) {
      const passed = inst.handles.entries().filter(([, item]) =>
        item instanceof End && item.verb === "read" && item.shared.type === passedTypes[payload] &&
        (item.state === "idle" && item.set === undefined || (how >> 5) % 30 === 0)
      );
      if (passed.length === 0) {
        this.#again = true;
        return command(`${passedTypes[payload]}.new`);
      }
      handle = passed[(how >> 6) % passed.length]![0];
    }
    const name = callName({ callee, lift, payload, lower });
    return command(name, this.number(), handle, RESULTS + (how >> 8) % 4 * 4);
  }

  #thread({ task: { inst } }: ModelThread, which: number, how: number): Command | undefined {
    const suspended = inst.threads.entries().filter(([, thread]) => thread.isSuspended);
    const other = suspended[which % suspended.length]?.[0], c = how >> 4 & 1 ? "-c" : "";
    const resumes = [4, 5, 5, 6, 6, 7, 1, 3];
    switch (this.#callbacks ? [0, 1, 4][how % 3]! : other === undefined ? how % 8 : resumes[how % 8]) {
      case 0:
        return command("thread.index");
      case 1:
      case 2:
        return this.calls < MAX_CALLS ? command("thread.new", this.number()) : undefined;
      case 3:
        return command(`thread.suspend${c}`);
      case 4:
        return other === undefined ? undefined : command("thread.resume-later", other);
      case 5:
        return other === undefined ? undefined : command(`thread.suspend-then-resume${c}`, other);
      case 6:
        return other === undefined ? undefined : command(`thread.yield-then-resume${c}`, other);
      default: {
        const all = inst.threads.entries(), [index] = all[which % all.length]!;
        return command(`thread.${how & 32 ? "yield" : "suspend"}-then-promote${c}`, index);
      }
    }
  }

  /** Something that most probably traps. */
  #wild({ task: { inst } }: ModelThread, which: number, how: number): Command {
    const blocking = /^set.wait|cancel$|cancel-(read|write)$|(read|write)$/;
    const ops = opsOf(inst.name).filter(({ name }) =>
      !/^(call-|host|exit|fill|thread)/.test(name) &&
      !(this.#callbacks && blocking.test(name) && !/drop|^task/.test(name))
    );
    const { name } = ops[which % ops.length]!;
    if (name.startsWith("set.")) return command(name, how % 8, EVENTS);
    return command(name, how % 8, name === "join" ? how >> 3 & 7 : how & 8 ? 65535 : 1, how % 4);
  }
}

/** The command with which a task resolves, or what has to come before. */
function returning(thread: ModelThread): Command {
  const { task } = thread, { inst, lift, payload, call } = task, value = call * 7;
  const exits = lift === "se" || lift === "sy";
  if (exits && thread !== task.implicit) return command("exit");
  if (!exits && task.state === "cancel-delivered") return command("task.cancel");
  if (payload !== "g") return exits ? command("exit", value) : command("task.return", value);
  const stream = inst.handles.entries().find(([, item]) =>
    item instanceof End && item.verb === "read" && item.shared.type === "stream-u8" && item.state === "idle" &&
    item.set === undefined
  );
  if (stream === undefined) return command("stream-u8.new");
  return command(exits ? "exit" : "task.return-stream", stream[0]);
}

function finish(thread: ModelThread): Command {
  const { task } = thread;
  if (thread !== task.implicit || task.isResolved) return command("exit");
  return returning(thread);
}

/** Empties the table of an instance, as far as that is possible without waiting. */
function* clean(inst: ModelInstance): Generator<Command, void, undefined> {
  const { handles, threads } = inst, entries = () => handles.entries();
  while (inst.backpressure > 0) yield command("backpressure.dec");
  for (const [index, thread] of threads.entries()) if (thread.isSuspended) yield command("thread.resume-later", index);
  for (const [index, item] of entries()) {
    if (!(item instanceof Subtask) || item.hasSyncWaiter) continue;
    if (!item.delivered && !item.cancellationRequested) yield command("subtask.cancel-async", index);
    if (!item.delivered && item.pending !== undefined) {
      yield command("set.new");
      const set = entries().find(([, each]) => each instanceof WaitableSet && each.members.size + each.waiting === 0)!;
      yield command("join", index, set[0]);
      yield command("set.poll", set[0], EVENTS);
      yield command("join", index, 0);
      yield command("set.drop", set[0]);
    }
    if (item.delivered) yield command("subtask.drop", index);
  }
  for (const [index, item] of entries()) {
    if (!(item instanceof End) || item.hasSyncWaiter) continue;
    const { verb, shared: { type } } = item;
    if (item.isCopying) yield command(`${type}.cancel-${verb}-async`, index);
    if (item.kind === "future" && verb === "write" && item.state === "idle") {
      yield command(`${type}.write-async`, index);
    }
    if (item.kind === "future" && verb === "write" && item.state !== "done") continue;
    yield command(`${type}.drop-${verb}`, index);
  }
  for (const [index, item] of entries()) {
    if (!(item instanceof WaitableSet)) continue;
    if (item.waiting > 0 && item.ready.length === 0) {
      // An event for whoever waits.
      const before = new Set(entries().map(([index]) => index));
      yield command("stream-none.new");
      const made = entries().filter(([index]) => !before.has(index)) as [number, End][];
      const [read, write] = (["read", "write"] as const).map((verb) => made.find(([, end]) => end.verb === verb)![0]);
      yield command("stream-none.read-async", read, 0, 1);
      yield command("stream-none.drop-write", write);
      yield command("join", read, index);
    }
    if (item.waiting + item.members.size === 0) yield command("set.drop", index);
  }
}
