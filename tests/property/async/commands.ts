// The commands that the guests of the interleaving test execute: one per built-in of the
// asynchronous model, one per way to call a function of another instance, and a few of the guests'
// own. The number of a command is its place in the table. guest.ts makes text from it, model.ts has
// a method for each command, and driver.ts chooses commands.

/** The three component instances: a calls b and c, b calls c. */
export const instances = ["a", "b", "c"] as const;
export type InstanceName = (typeof instances)[number];

/** Whom each instance calls. */
export const callees: Readonly<Record<InstanceName, readonly InstanceName[]>> = { a: ["b", "c"], b: ["c"], c: [] };

/**
 * How a function is lifted: with a callback, on a stack of its own, synchronously with an async
 * type, and synchronously with a sync type.
 */
export const lifts = ["cb", "st", "se", "sy"] as const;
export type Lift = (typeof lifts)[number];

/**
 * What a function takes and gives besides its number: `n` nothing, `s` and `b` take a stream, `f`
 * takes a future, `g` gives a stream.
 */
export const payloads = ["n", "s", "b", "f", "g"] as const;
export type Payload = (typeof payloads)[number];

/** The type of the end that a function takes. */
export const passedTypes = { s: "stream-u8", b: "stream-bool", f: "future-bool" } as const;

/** Whether a function takes an end. */
export function takesEnd(payload: Payload): payload is keyof typeof passedTypes {
  return payload in passedTypes;
}

/** The types of streams and futures, by element, with the size of an element. */
export const ends = {
  "stream-u8": { kind: "stream", element: "u8", size: 1 },
  "stream-none": { kind: "stream", element: "", size: 0 },
  "stream-bool": { kind: "stream", element: "bool", size: 1 },
  "stream-u16": { kind: "stream", element: "u16", size: 2 },
  "future-u8": { kind: "future", element: "u8", size: 1 },
  "future-bool": { kind: "future", element: "bool", size: 1 },
} as const;
export type EndType = keyof typeof ends;

/** A command with its operands. */
export interface Command {
  readonly op: string;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

/** A command as a guest knows it: how many operands it takes, and what it gives. */
export interface Op {
  readonly name: string;
  readonly params: 0 | 1 | 2 | 3;
  readonly result: "" | "i32" | "i64";
}

/** Commands that a guest executes itself. */
export const own: readonly Op[] = [
  { name: "exit", params: 1, result: "" },
  { name: "trap", params: 0, result: "" },
  { name: "fill", params: 2, result: "" },
];

const tasks: readonly Op[] = [
  { name: "task.return", params: 1, result: "" },
  { name: "task.return-stream", params: 1, result: "" },
  { name: "task.cancel", params: 0, result: "" },
  { name: "backpressure.inc", params: 0, result: "" },
  { name: "backpressure.dec", params: 0, result: "" },
  { name: "subtask.cancel", params: 1, result: "i32" },
  { name: "subtask.cancel-async", params: 1, result: "i32" },
  { name: "subtask.drop", params: 1, result: "" },
];

const sets: readonly Op[] = [
  { name: "set.new", params: 0, result: "i32" },
  { name: "set.wait", params: 2, result: "i32" },
  { name: "set.wait-c", params: 2, result: "i32" },
  { name: "set.poll", params: 2, result: "i32" },
  { name: "set.poll-c", params: 2, result: "i32" },
  { name: "set.drop", params: 1, result: "" },
  { name: "join", params: 2, result: "" },
];

const threads: readonly Op[] = [
  { name: "thread.index", params: 0, result: "i32" },
  { name: "thread.new", params: 1, result: "i32" },
  { name: "thread.resume-later", params: 1, result: "" },
  ...["", "-c"].flatMap((c): Op[] => [
    { name: `thread.yield${c}`, params: 0, result: "i32" },
    { name: `thread.suspend${c}`, params: 0, result: "i32" },
    { name: `thread.suspend-then-resume${c}`, params: 1, result: "i32" },
    { name: `thread.yield-then-resume${c}`, params: 1, result: "i32" },
    { name: `thread.suspend-then-promote${c}`, params: 1, result: "i32" },
    { name: `thread.yield-then-promote${c}`, params: 1, result: "i32" },
  ]),
];

function endOps(type: EndType): Op[] {
  const params = ends[type].kind === "stream" ? 3 : 2;
  return [
    { name: `${type}.new`, params: 0, result: "i64" },
    ...(["read", "write"] as const).flatMap((verb): Op[] => [
      { name: `${type}.${verb}`, params, result: "i32" },
      { name: `${type}.${verb}-async`, params, result: "i32" },
      { name: `${type}.cancel-${verb}`, params: 1, result: "i32" },
      { name: `${type}.cancel-${verb}-async`, params: 1, result: "i32" },
      { name: `${type}.drop-${verb}`, params: 1, result: "" },
    ]),
  ];
}

/**
 * Calls of a function of the host, with the number of the call, and where an asynchronous one puts
 * its result.
 */
export const hostCalls: readonly Op[] = [
  { name: "host-sync", params: 1, result: "i32" },
  { name: "host-async", params: 2, result: "i32" },
];

/** What the host gives a call. */
export function hostResult(call: number): number {
  return call * 13;
}

/** Whether the host gives it at once. If not, it does so when nothing else goes on. */
export function isHostFast(call: number): boolean {
  return call % 3 === 0;
}

/** The built-ins. */
export const builtins: readonly Op[] = [
  ...tasks,
  ...sets,
  ...threads,
  ...(Object.keys(ends) as EndType[]).flatMap(endOps),
];

/** A call of another instance's function. */
export interface Call {
  readonly callee: InstanceName;
  readonly lift: Lift;
  readonly payload: Payload;
  readonly lower: "sync" | "async";
}

/** The name of a call's command. */
export function callName({ callee, lift, payload, lower }: Call): string {
  return `call-${callee}-${lift}-${payload}-${lower}`;
}

/** All calls that an instance can make. */
export function callsOf(inst: InstanceName): Call[] {
  return callees[inst].flatMap((callee) =>
    lifts.flatMap((lift) =>
      payloads.flatMap((payload) =>
        (["sync", "async"] as const).filter((lower) => lower === "sync" || lift !== "sy")
          .map((lower) => ({ callee, lift, payload, lower }))
      )
    )
  );
}

const byName = new Map(instances.flatMap((inst) => callsOf(inst).map((call) => [callName(call), call])));

/** The call of a command, if it is one. */
export function callOf(op: string): Call | undefined {
  return byName.get(op);
}

/**
 * A call's command: the number of the call, the handle that it passes, and where an asynchronous
 * one puts its result.
 */
export function callOp(call: Call): Op {
  return { name: callName(call), params: 3, result: "i32" };
}

/** The commands of an instance, in the order of their numbers. */
export function opsOf(inst: InstanceName): readonly Op[] {
  return [...own, ...hostCalls, ...builtins, ...callsOf(inst).map(callOp)];
}

const numbers = new Map(
  instances.map((inst) => [inst, new Map(opsOf(inst).map(({ name }, number) => [name, BigInt(number)]))]),
);

/** A command as the guest gets it. */
export function encode(inst: InstanceName, { op, a, b, c }: Command): bigint {
  return numbers.get(inst)!.get(op)! | BigInt(a) << 16n | BigInt(b) << 32n | BigInt(c) << 48n;
}

/** A command in words, for reports. */
export function commandText({ op, a, b, c }: Command): string {
  return `${op} ${a} ${b} ${c}`;
}

/** Bytes of each memory that the tests look at: buffers first, then events, then results. */
export const ZONE = 64, EVENTS = 32, RESULTS = 48;

/** Where the memories end. */
export const MEMORY = 65536;
