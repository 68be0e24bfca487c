// Calls between guests with random types and random memories of 32 and of 64 bits: whatever bytes a
// guest passes, an adapter with vectors, one without and the JavaScript route do the same. Results,
// both memories and the calls of realloc are compared, or the trap and its message.

import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { adapt, type Sides } from "../../abi/calls/guest_to_guest.ts";
import { Codecs } from "../../abi/codecs/codecs.ts";
import { signatureOf } from "../../abi/codecs/signature.ts";
import { exportNames, fuse, type FusedEnd } from "../../abi/fused/fuse.ts";
import { Frames, fusedImports, type FusedTree, guestCopy, nameCalls } from "../../abi/fused/link.ts";
import { Sites } from "../../abi/fused/sites.ts";
import { CallFrame } from "../../abi/state/call_frame.ts";
import { CanonContext, type StringEncoding } from "../../abi/state/canon_context.ts";
import { ComponentInstance, InstanceTree } from "../../abi/state/instance.ts";
import type { AddressType, CoreFunction, CoreType } from "../../abi/types/core_values.ts";
import { containsAsyncValue, containsHandle, type FuncType } from "../../abi/types/types.ts";
import { memberNames } from "../../host/names.ts";
import { features } from "@windlass/component";
import { addressTypes, signatures } from "../support/arbitraries.ts";
import { runs, seed } from "../support/runs.ts";

const encodings = ["utf8", "utf16", "latin1+utf16"] as const satisfies StringEncoding[];
const codecs = new Codecs(memberNames);
const MEMORY = 1 << 16, ROOM = 1 << 20;

/** Text in the three encodings, a tagged length, a surrogate, what is no char, what is too long. */
const UNUSUAL = [0x61626364, 0x00410042, 0x80000003, 0xd83d, 0xc3a9c3a9, 0x0410, 0xfffffff0, 0x110000];
/** Upper words of pointers and lengths: a tag, a tagged one, what no number holds, 4 GiB, what a sum overflows. */
const UPPER = [0x80000000, 0x80000001, 0x00200000, 1, 0xffffffff];

/** Bytes, numbers and core values that a guest might pass: many are pointers, lengths and text. */
class Numbers {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 1;
  }

  next(): number {
    this.#state = Math.imul(this.#state, 1664525) + 1013904223 | 0;
    return (this.#state >>> 8) / 2 ** 24;
  }

  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  /** No word is a NaN, alone or as the upper half: JavaScript does not keep the bits of all of them. */
  word(): number {
    const word = this.#word();
    return (word & 0x7f800000) === 0x7f800000 ? word & 0xff7fffff : word;
  }

  #word(): number {
    const kind = this.below(40);
    if (kind < 28) return this.below(2); // a case, a bool
    if (kind < 34) return 8 * this.below(MEMORY / 8); // a pointer
    if (kind < 36) return this.below(24); // a length
    if (kind === 36) return MEMORY - this.below(24);
    if (kind === 37) return this.below(2 ** 32);
    return UNUSUAL[this.below(UNUSUAL.length)]!;
  }

  /** A pointer for so many bytes: it may be unaligned, at the end of the memory, or out of it. */
  pointer(size: number, address: AddressType): number | bigint {
    const pointers = [1, 2, 4, 8, 16, 0, -1, -8, ROOM - 4, ROOM, ROOM - size, ROOM - size + 1] as const;
    const low = pointers[this.below(pointers.length)]!;
    return address === "i32" ? low : BigInt(low) + this.upper();
  }

  /** Where parameters or a result lie in memory. */
  place(address: AddressType): number | bigint {
    const place = this.below(16) === 0 ? this.core("i32") as number : 8 * this.below(MEMORY / 8);
    return address === "i32" ? place : BigInt(place) + this.upper();
  }

  /** What a pointer of 64 bits has more than one of 32: in most cases nothing. */
  upper(): bigint {
    return this.below(12) > 0 ? 0n : BigInt.asIntN(64, BigInt(UPPER[this.below(UPPER.length)]!) << 32n);
  }

  core(type: CoreType): number | bigint {
    const word = this.word() | 0;
    if (type === "i32") return word;
    if (type === "i64") return BigInt.asIntN(64, BigInt(word) + this.upper());
    return type === "f32" ? Math.fround(word / 3) : word / 3;
  }

  fill(memory: WebAssembly.Memory, address: AddressType): void {
    const words = new Int32Array(memory.buffer);
    words.fill(0);
    for (let i = 0; i < MEMORY / 4; i++) {
      const isUpper = address === "i64" && i % 2 === 1 && this.below(4) > 0;
      words[i] = isUpper ? Number(this.upper() >> 32n) : this.word() | 0;
    }
  }
}

/** A call: its type, the encodings and address types at both ends, and where the numbers begin. */
interface Case {
  readonly type: FuncType;
  readonly from: StringEncoding;
  readonly to: StringEncoding;
  /** The address types of both memories. */
  readonly addresses: readonly [AddressType, AddressType];
  readonly numbers: number;
  /** Whether realloc may give any pointer at all. */
  readonly wild: boolean;
}

// The memories of both guests, for all calls: one of each address type is enough for each.
const memoriesOf = [0, 1].map(() => {
  const initial = ROOM / 65536, i32 = new WebAssembly.Memory({ initial });
  const wide = { address: "i64", initial: BigInt(initial) } as unknown as WebAssembly.MemoryDescriptor;
  return { i32, i64: features.memory64 ? new WebAssembly.Memory(wide) : i32 };
});

type Route = "vectors" | "words" | "javascript";

/** Makes some calls by one route; gives what each came to. */
function callBy(route: Route, { type, from, to, addresses, numbers, wild }: Case, calls: number): unknown[] {
  const lower = signatureOf(type, { side: "lower", style: "sync", address: addresses[0] }, codecs);
  const lift = signatureOf(type, { side: "lift", style: "sync", address: addresses[1] }, codecs);
  const memories = addresses.map((address, end) => memoriesOf[end]![address]);
  const end = (node: 1 | 2, encoding: StringEncoding): FusedEnd => ({
    type,
    node,
    style: "sync",
    encoding,
    address: addresses[node - 1]!,
    memory: `memory ${node}`,
    realloc: `realloc ${node}`,
  });
  const sites = new Sites(),
    fused = route === "javascript" ? undefined : fuse(
      [{
        index: 0,
        adapts: true,
        copies: true,
        caller: end(1, from),
        callee: end(2, to),
        core: "core",
        postReturn: undefined,
        entering: [2],
        allowed: true,
        defines: () => false,
      }],
      sites,
      { simd: route === "vectors", catching: undefined, metered: false },
    );
  const module = fused && new WebAssembly.Module(fused.bytes);
  return Array.from({ length: calls }, (_, call) => {
    const random = new Numbers(numbers + 7919 * call), notes: unknown[] = [];
    memories.forEach((memory, end) => random.fill(memory, addresses[end]!));
    const tree = new InstanceTree({ limits: { liftedBytes: 100_000 } }, 3), root = new ComponentInstance(tree);
    const [caller, callee] = [new ComponentInstance(tree, root), new ComponentInstance(tree, root)];
    const reallocOf = (end: 0 | 1): CoreFunction => {
      let next = MEMORY;
      const address = addresses[end];
      return (...args) => {
        const [old, oldSize, align, size] = args.map(Number) as [number, number, number, number];
        notes.push([end, old, oldSize, align, size]);
        if (wild && random.below(24) === 0) return random.pointer(size, address);
        const at = Math.ceil(next / Math.max(align, 2)) * Math.max(align, 2), view = memories[end]!;
        next = at + size;
        if (old !== 0) new Uint8Array(view.buffer).copyWithin(at, old, old + Math.min(oldSize, size));
        return address === "i32" ? at : BigInt(at);
      };
    };
    const reallocs = [reallocOf(0), reallocOf(1)] as const;
    const given = lift.layout.core.results.map((type) => random.core(type))[0];
    const returned = lift.layout.resultDirect ? given : random.place(addresses[1]);
    const core: CoreFunction = (...flat) => {
      notes.push(["called", ...flat.map((value, i) => asCore(value, lift.layout.core.params[i]))]);
      return returned;
    };
    const context = (inst: ComponentInstance, end: 0 | 1, stringEncoding: StringEncoding): CanonContext =>
      new CanonContext(inst, {
        memory: memories[end],
        address: addresses[end],
        realloc: reallocs[end],
        postReturn: undefined,
        stringEncoding,
      }, false);
    const sides: Sides = {
      lower,
      caller: context(caller, 0, from),
      lifted: { signature: lift, core, postReturn: undefined, path: "function f of another component" },
      callee: context(callee, 1, to),
    };
    let func: CoreFunction;
    if (fused === undefined) func = adapt(tree, () => sides);
    else {
      const ours: FusedTree = { tree, sites, codecs, sides: () => sides }, frames = new Frames();
      const imports = fusedImports(ours, fused, frames);
      nameCalls(ours);
      const items: Record<string, unknown> = {
        "memory 1": memories[0],
        "memory 2": memories[1],
        "realloc 1": reallocs[0],
        "realloc 2": reallocs[1],
        core,
      };
      fused.memories.forEach((key, i) => imports[`m${i}`] = items[key] as WebAssembly.Memory);
      fused.funcs.forEach(({ key }, i) => imports[`f${i}`] = items[key] as CoreFunction);
      const { exports } = new WebAssembly.Instance(module!, { "": imports });
      const copy = guestCopy(exports, 0, frames);
      // A call that runs as a task has its values copied by the same functions.
      func = call % 2 === 0 ? exports[exportNames.adapter(0)] as CoreFunction : (...args) => {
        const result = core(...copy.params(args, undefined, new CallFrame()));
        return copy.result(result === undefined ? [] : [result], args);
      };
    }
    const args = lower.layout.core.params.map((type) => random.core(type));
    if (!lower.layout.paramsDirect) args[0] = random.place(addresses[0]);
    if (type.result !== undefined && !lower.layout.resultDirect) {
      args[args.length - 1] = random.place(addresses[0]);
    }
    let result: unknown;
    try {
      result = func(...args);
    } catch (error) {
      // A guest that has trapped is not looked at any more.
      assert(tree.lockedDown);
      const { name, message } = error as Error;
      // Adapters do not tell for which part of a value realloc failed.
      return `${name}: ${wild ? message.replace(/(Cannot lower (?:param \d+ `\w+`|result))\S*/, "$1") : message}`;
    }
    assertEquals([tree.lockedDown, caller.entered, callee.entered, tree.words[tree.depthAt]], [false, 0, 0, 0]);
    return [asCore(result, lower.layout.core.results[0]), notes, ...memories.map(digest)];
  });
}

/** A core value as JavaScript shows it: the engine converts what JavaScript gives. */
function asCore(value: unknown, type: CoreType | undefined): unknown {
  if (type === "i32") return (value as number) | 0;
  return type === "i64" ? BigInt.asIntN(64, value as bigint) : value;
}

/** A number that changes with each byte of a memory. */
function digest(memory: WebAssembly.Memory): number {
  let sum = 0;
  for (const word of new Int32Array(memory.buffer)) sum = Math.imul(sum ^ word, 0x01000193);
  return sum;
}

const isPlain = ({ params, result }: FuncType): boolean =>
  [...params.map(({ type }) => type), ...(result === undefined ? [] : [result])]
    .every((type) => !containsHandle(type) && !containsAsyncValue(type));
const cases = fc.record({
  type: signatures().map((type) => type as FuncType).filter(isPlain),
  from: fc.constantFrom(...encodings),
  to: fc.constantFrom(...encodings),
  addresses: fc.tuple(addressTypes, addressTypes),
  numbers: fc.nat(),
  wild: fc.constantFrom(false, false, false, true),
});

let done = 0, trapped = 0;

Deno.test({
  name: `adapters do what JavaScript does, WINDLASS_SEED=${seed}`,
  ignore: !features.multiMemory,
  fn() {
    fc.assert(
      fc.property(cases, (each) => {
        const expected = callBy("javascript", each, 6);
        assertEquals(callBy("vectors", each, 6), expected);
        assertEquals(callBy("words", each, 6), expected);
        if (each.wild) return;
        done += expected.length;
        trapped += expected.filter((found) => typeof found === "string").length;
      }),
      { seed, numRuns: runs(400) },
    );
    // Both kinds must be met, or the numbers are no good. A few cases may all be of one kind.
    if (done < 300) return;
    assert(trapped > done / 10 && trapped < done * 0.9, `${trapped} of ${done} calls trapped`);
  },
});
