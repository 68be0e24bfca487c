// The component of the interleaving test: three instances, each of which executes the commands that
// the host gives it, in tasks of every kind. Their memories may have 64 bits.
// Text leaves, made from the table of commands.

import { compile, type Component, features } from "@windlass/component";
import type { AddressType } from "../../../abi/types/core_values.ts";
import { wat } from "../../support/wat.ts";
import {
  builtins,
  type Call,
  callees,
  callName,
  callsOf,
  ends,
  type EndType,
  hostCalls,
  type InstanceName,
  instances,
  type Lift,
  lifts,
  type Op,
  opsOf,
  passedTypes,
  type Payload,
  payloads,
  takesEnd,
} from "./commands.ts";

const memory = `(memory (core memory $libc "memory"))`;
const endTypes = Object.keys(ends) as EndType[];

const typesText = endTypes.map((type) =>
  `(type $${type} (${[ends[type].kind, ends[type].element].filter((word) => word !== "").join(" ")}))`
).join(" ");

/** The component type of a function. */
function funcType(lift: Lift, payload: Payload): string {
  const param = takesEnd(payload) ? `(param "of" $${passedTypes[payload]})` : "";
  return `${lift === "sy" ? "" : "async"} (param "call" u32) ${param} (result ${
    payload === "g" ? "$stream-u8" : "u32"
  })`;
}

/** The canonical definition of a built-in. */
function canon(name: string): string {
  const [first, rest = ""] = name.split(/\.(.*)/s), type = endTypes.find((each) => each === first);
  if (type !== undefined) {
    const { kind, element } = ends[type], async = rest.endsWith("-async") ? "async" : "";
    const verb = rest.replace("-async", "");
    if (verb === "new") return `(canon ${kind}.new $${type})`;
    if (verb.startsWith("drop")) {
      return `(canon ${kind}.drop-${verb === "drop-read" ? "readable" : "writable"} $${type})`;
    }
    if (verb.startsWith("cancel")) return `(canon ${kind}.${verb} $${type} ${async})`;
    return `(canon ${kind}.${verb} $${type} ${async} ${element === "" ? "" : memory})`;
  }
  const cancellable = name.endsWith("-c") ? "cancellable" : "", plain = name.replace(/-c$/, "");
  switch (plain) {
    case "task.return":
      return `(canon task.return (result u32) ${memory})`;
    case "task.return-stream":
      return `(canon task.return (result $stream-u8) ${memory})`;
    case "subtask.cancel-async":
      return "(canon subtask.cancel async)";
    case "set.wait":
    case "set.poll":
      return `(canon waitable-${plain} ${cancellable} ${memory})`;
    case "set.new":
    case "set.drop":
      return `(canon waitable-${plain})`;
    case "join":
      return "(canon waitable.join)";
    case "thread.new":
      return `(canon thread.new-indirect $start (core table $libc "table"))`;
    default:
      return `(canon ${plain} ${cancellable})`;
  }
}

/** Which operands of a command are pointers and lengths, and whether its result is a length. */
function addressesOf(name: string): { readonly operands: readonly number[]; readonly result: boolean } {
  const [first, verb = ""] = name.split(/\.(.*)/s), type = endTypes.find((each) => each === first);
  if (/^(read|write)(-async)?$/.test(verb) && type !== undefined) {
    // Without elements there is no memory, whose address type would count.
    return ends[type].element === ""
      ? { operands: [], result: false }
      : { operands: [1, 2], result: ends[type].kind === "stream" };
  }
  return { operands: /^set\.(wait|poll)/.test(name) || name === "host-async" ? [1] : [], result: false };
}

function importText(name: string, params: number, result: string, w: AddressType): string {
  const { operands, result: isLength } = addressesOf(name);
  const types = Array.from({ length: params }, (_, i) => operands.includes(i) ? w : "i32");
  const given = isLength ? w : result;
  return `(import "" "${name}" (func $${name} ${params === 0 ? "" : `(param ${types.join(" ")})`} ${
    given === "" ? "" : `(result ${given})`
  }))`;
}

/** An i32 as an address. */
function wide(w: AddressType, text: string): string {
  return w === "i64" ? `(i64.extend_i32_u ${text})` : text;
}

/** The core function of a call. */
function callText(call: Call, w: AddressType): string {
  const { payload, lower } = call, name = callName(call);
  const types = ["i32", ...takesEnd(payload) ? ["i32"] : [], ...lower === "async" ? [w] : []];
  return `(import "" "${name}" (func $${name} (param ${types.join(" ")}) (result i32)))`;
}

const operands = ["$a", "$b", "$c"].map((name) => `(local.get ${name})`);

/** What a guest does for a command; it gives an i64. */
function execute(op: Op, call: Call | undefined, w: AddressType): string {
  const address = (operand: number): string => wide(w, operands[operand]!);
  switch (op.name) {
    case "exit":
      return "(return (local.get $a))";
    case "trap":
      return "unreachable";
    case "fill":
      return `(i32.store ${address(0)} (i32.mul (local.get $b) (i32.const 0x1020304))) (i64.const 0)`;
    case "thread.new":
      return "(i64.extend_i32_u (call $thread.new (i32.const 0) (local.get $a)))";
    case "set.wait":
    case "set.wait-c":
    case "set.poll":
    case "set.poll-c":
      return `(i64.or (i64.extend_i32_u (call $${op.name} ${operands[0]} ${address(1)}))
        (i64.or (i64.shl (i64.load32_u ${address(1)}) (i64.const 8))
                (i64.shl (i64.load32_u offset=4 ${address(1)}) (i64.const 32))))`;
  }
  const { operands: addresses, result: isLength } = addressesOf(op.name);
  const args = call === undefined
    ? operands.slice(0, op.params).map((text, i) => addresses.includes(i) ? wide(w, text) : text)
    : [operands[0], ...takesEnd(call.payload) ? [operands[1]] : [], ...call.lower === "async" ? [address(2)] : []];
  const text = `(call $${op.name} ${args.join(" ")})`;
  if (op.result === "") return `${text} (i64.const 0)`;
  return op.result === "i64" || isLength && w === "i64" ? text : `(i64.extend_i32_u ${text})`;
}

/** The interpreter: one block per command, the table of commands around them. */
function interpreter(inst: InstanceName, w: AddressType): string {
  const calls = new Map(callsOf(inst).map((call) => [callName(call), call])), ops = opsOf(inst);
  const blocks = ops.reduce(
    (inner, op) => `(block ${inner})\n(local.set $r ${blockText(execute(op, calls.get(op.name), w))}) (br $next)`,
    `(br_table ${ops.map((_, i) => i).join(" ")} (i32.wrap_i64 (i64.and (local.get $command) (i64.const 0xffff))))`,
  );
  const field = (shift: number): string =>
    `(i32.and (i32.wrap_i64 (i64.shr_u (local.get $command) (i64.const ${shift}))) (i32.const 0xffff))`;
  return `(func $run (param $command i64) (result i32)
    (local $a i32) (local $b i32) (local $c i32) (local $r i64)
    (loop $again
      (local.set $a ${field(16)}) (local.set $b ${field(32)}) (local.set $c ${field(48)})
      (block $next
        ${blocks})
      (local.set $command (call $next-command (call $context.get) (local.get $r) (call $hash)))
      (br $again))
    unreachable)`;
}

function blockText(body: string): string {
  return `(block (result i64) ${body})`;
}

/** The core function of a lift. */
function coreFunc(lift: Lift, payload: Payload): string {
  const params = takesEnd(payload) ? "(param $handle i32)" : "(local $handle i32)";
  const result = lift === "st" ? "" : "(result i32)";
  const run = "(call $run (call $start (local.get $call) (local.get $handle)))";
  return `(func (export "${lift}-${payload}") (param $call i32) ${takesEnd(payload) ? params : ""} ${result}
    ${takesEnd(payload) ? "" : params}
    (call $context.set (local.get $call))
    ${lift === "st" ? `(drop ${run})` : run})`;
}

const everyLift = lifts.flatMap((lift) => payloads.map((payload) => ({ lift, payload })));

function liftText(lift: Lift, payload: Payload): string {
  const options = lift === "cb"
    ? `async (callback (core func $m "callback")) ${memory}`
    : lift === "st"
    ? `async ${memory}`
    : memory;
  return `(func (export "${lift}-${payload}") ${funcType(lift, payload)}
    (canon lift (core func $m "${lift}-${payload}") ${options}))`;
}

/** An instance's component. */
function instanceText(inst: InstanceName, w: AddressType): string {
  const calls = callsOf(inst);
  const imported = callees[inst].flatMap((callee) =>
    everyLift.map(({ lift, payload }) =>
      `(import "${callee}-${lift}-${payload}" (func $${callee}-${lift}-${payload} ${funcType(lift, payload)}))`
    )
  );
  const names = [...[...hostCalls, ...builtins].map(({ name }) => name), ...calls.map(callName)];
  return `(component $${inst}
    ${typesText}
    (import "start" (func $start (param "call" u32) (param "handle" u32) (result u64)))
    (import "next-command" (func $next-command (param "call" u32) (param "result" u64) (param "hash" u32) (result u64)))
    (import "event" (func $event (param "call" u32) (param "code" u32) (param "index" u32) (param "payload" u32) (result u64)))
    (import "host" (func $host async (param "call" u32) (result u32)))
    ${imported.join("\n")}
    (core module $Libc (memory (export "memory") ${w} 1) (table (export "table") 1 funcref))
    (core instance $libc (instantiate $Libc))
    (core type $start (func (param i32)))
    (core func $start-core (canon lower (func $start)))
    (core func $next-core (canon lower (func $next-command)))
    (core func $event-core (canon lower (func $event)))
    (core func $context.get (canon context.get i32 0))
    (core func $context.set (canon context.set i32 0))
    ${builtins.map(({ name }) => `(core func $${name} ${canon(name)})`).join("\n")}
    (core func $host-sync (canon lower (func $host)))
    (core func $host-async (canon lower (func $host) async ${memory}))
    ${
    calls.map((call) =>
      `(core func $${callName(call)} (canon lower (func $${call.callee}-${call.lift}-${call.payload}) ${
        call.lower === "async" ? "async" : ""
      } ${memory}))`
    ).join("\n")
  }
    (core module $M
      (import "" "memory" (memory ${w} 1))
      (import "" "table" (table $table 1 funcref))
      (import "" "start" (func $start-command (param i32 i32) (result i64)))
      (import "" "next-command" (func $next-command (param i32 i64 i32) (result i64)))
      (import "" "event" (func $event-command (param i32 i32 i32 i32) (result i64)))
      (import "" "context.get" (func $context.get (result i32)))
      (import "" "context.set" (func $context.set (param i32)))
      ${
    builtins.map(({ name, params, result }) => importText(name, name === "thread.new" ? 2 : params, result, w))
      .join("\n")
  }
      ${calls.map((call) => callText(call, w)).join("\n")}
      ${hostCalls.map(({ name, params, result }) => importText(name, params, result, w)).join("\n")}
      (func $start (param $call i32) (param $handle i32) (result i64)
        (call $start-command (local.get $call) (local.get $handle)))
      (func $hash (result i32)
        (local $at i32) (local $hash i32)
        (loop $more
          (local.set $hash (i32.mul (i32.xor (local.get $hash) (i32.load ${
    wide(w, "(local.get $at)")
  })) (i32.const 0x01000193)))
          (local.set $at (i32.add (local.get $at) (i32.const 4)))
          (br_if $more (i32.lt_u (local.get $at) (i32.const 64))))
        (local.get $hash))
      ${interpreter(inst, w)}
      (func (export "callback") (param $code i32) (param $index i32) (param $payload i32) (result i32)
        (call $run (call $event-command (call $context.get) (local.get $code) (local.get $index) (local.get $payload))))
      (func $thread (param $call i32)
        (call $context.set (local.get $call))
        (drop (call $run (call $start (local.get $call) (i32.const 0)))))
      (elem (table $table) (i32.const 0) func $thread)
      (func (export "ping"))
      ${everyLift.map(({ lift, payload }) => coreFunc(lift, payload)).join("\n")})
    (core instance $m (instantiate $M (with "" (instance
      (export "memory" (memory $libc "memory"))
      (export "table" (table $libc "table"))
      (export "start" (func $start-core))
      (export "next-command" (func $next-core))
      (export "event" (func $event-core))
      (export "context.get" (func $context.get))
      (export "context.set" (func $context.set))
      ${names.map((name) => `(export "${name}" (func $${name}))`).join("\n")}))))
    (func (export "ping") (canon lift (core func $m "ping")))
    ${everyLift.map(({ lift, payload }) => liftText(lift, payload)).join("\n")})`;
}

/** The component's text, with a memory for each instance. */
export function guestText(addresses: Addresses): string {
  const made = instances.toReversed().map((inst) =>
    `(instance $${inst}-made (instantiate $${inst}
      (with "host" (func $host)) (with "start" (func $start)) (with "next-command" (func $next-command)) (with "event" (func $event))
      ${
      callees[inst].flatMap((callee) =>
        everyLift.map(({ lift, payload }) =>
          `(with "${callee}-${lift}-${payload}" (func $${callee}-made "${lift}-${payload}"))`
        )
      ).join("\n")
    }))`
  );
  const exported = instances.flatMap((inst) =>
    [...lifts.map((lift) => `${lift}-n`), "ping"].map((name) =>
      `(func (export "${inst}-${name}") (alias export $${inst}-made "${name}"))`
    )
  );
  return `(component
    (import "start" (func $start (param "call" u32) (param "handle" u32) (result u64)))
    (import "next-command" (func $next-command (param "call" u32) (param "result" u64) (param "hash" u32) (result u64)))
    (import "event" (func $event (param "call" u32) (param "code" u32) (param "index" u32) (param "payload" u32) (result u64)))
    (import "host" (func $host async (param "call" u32) (result u32)))
    ${instances.map((inst, i) => instanceText(inst, addresses[i]!)).join("\n")}
    ${made.join("\n")}
    ${exported.join("\n")})`;
}

/** The address types of the memories of all instances. */
type Addresses = readonly AddressType[];
const narrow: Addresses = ["i32", "i32", "i32"];
/** The first serves most programs. The others have a pair of each kind among callers and callees. */
export const memories: readonly Addresses[] = features.memory64
  ? [narrow, ["i64", "i32", "i64"], ["i32", "i64", "i64"]]
  : [narrow];

const gates = { "more-async-builtins": true, "async-stackful": true, "threading": true, "memory64": true };
const compiled = new Map<string, Promise<Component>>();

/** The compiled component: with generated code, or with closures only, and with some memories. */
export function guest(codegen: boolean, addresses: Addresses): Promise<Component> {
  const key = `${codegen} ${addresses}`;
  let found = compiled.get(key);
  if (found === undefined) {
    const made = wat(guestText(addresses)).then((bytes) => compile(bytes, { gates, codegen }));
    compiled.set(key, found = made);
  }
  return found;
}
