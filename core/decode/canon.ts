// Decodes canonical definitions: lift, lower, and the built-ins with their immediates and options.
// Bytes enter, CanonDefs leave.
// Spec: Binary.md "Canonical Definitions".

import { coreValType } from "../module/core_types.ts";
import { resultList } from "./types.ts";
import type { CanonDef, CanonOptionsDef } from "./syntax.ts";
import { MAX_CANON_OPTIONS } from "../binary/limits.ts";
import type { Reader } from "../binary/reader.ts";

function funcSort(reader: Reader, what: string): void {
  const byte = reader.byte();
  if (byte !== 0x00) reader.unknown(byte, `canonical function ${what}`);
}

const index = (reader: Reader): number => reader.u32();

/** Options by opcode: the key in the decoded object, the name in messages, and the value. */
const optionForms:
  readonly (readonly [key: keyof CanonOptionsDef, name: string, value: (reader: Reader) => unknown])[] = [
    ["stringEncoding", "utf8", () => "utf8"],
    ["stringEncoding", "utf16", () => "utf16"],
    ["stringEncoding", "latin1-utf16", () => "latin1+utf16"],
    ["memory", "memory", index],
    ["realloc", "realloc", index],
    ["postReturn", "post-return", index],
    ["async", "async", () => true],
    ["callback", "callback", index],
    ["coreType", "core-type", index],
    ["gc", "gc", () => true],
  ];

/** No options: one object, because a component may lower 500,000 functions without any. */
const noOptions: CanonOptionsDef = Object.freeze({});

function canonOptions(reader: Reader): CanonOptionsDef {
  if (reader.peek() === 0) {
    reader.byte();
    return noOptions;
  }
  const options: Record<string, unknown> = {};
  reader.vec(
    () => {
      const start = reader.offset;
      const byte = reader.byte();
      const form = optionForms[byte];
      if (form === undefined) reader.unknown(byte, "canonical option");
      const [key, name, value] = form;
      if (options[key] !== undefined) {
        const previous = String(options[key]).replace("+", "-");
        const what = key === "stringEncoding"
          ? `encoding option \`${previous}\` conflicts with option \`${name}\``
          : `option \`${name}\` is specified more than once`;
        reader.fail("canonical-option", [what], start);
      }
      options[key] = value(reader);
    },
    "canonical option",
    MAX_CANON_OPTIONS,
  );
  return options;
}

type Builtin = CanonDef & { kind: "builtin" };

/**
 * The immediates of built-ins: a letter for the table below, the key in the decoded object, and the
 * function that reads it.
 */
const immediates: Readonly<
  Record<string, readonly [key: keyof Builtin, read: (reader: Reader) => Builtin[keyof Builtin]]>
> = {
  t: ["type", index],
  o: ["options", canonOptions],
  a: ["async", (reader) => reader.flag()],
  c: ["cancellable", (reader) => reader.flag()],
  h: ["shared", (reader) => reader.flag()],
  r: ["result", resultList],
  v: ["coreType", coreValType],
  s: ["slot", index],
  m: ["memory", index],
  b: ["table", index],
};

/** Built-ins other than lift, lower and resource.*: opcode, name, immediates. */
const builtins = new Map(
  `05 task.cancel|06 subtask.cancel a|09 task.return ro|0a context.get vs|0b context.set vs|0c thread.yield c|0d subtask.drop|
0e stream.new t|0f stream.read to|10 stream.write to|11 stream.cancel-read ta|12 stream.cancel-write ta|13 stream.drop-readable t|
14 stream.drop-writable t|15 future.new t|16 future.read to|17 future.write to|18 future.cancel-read ta|19 future.cancel-write ta|
1a future.drop-readable t|1b future.drop-writable t|1c error-context.new o|1d error-context.debug-message o|1e error-context.drop|
1f waitable-set.new|20 waitable-set.wait cm|21 waitable-set.poll cm|22 waitable-set.drop|23 waitable.join|24 backpressure.inc|
25 backpressure.dec|26 thread.index|27 thread.new-indirect tb|28 thread.resume-later|29 thread.suspend c|2a thread.suspend-then-resume c|
2b thread.yield-then-resume c|2c thread.suspend-then-promote c|2d thread.yield-then-promote c|40 thread.spawn-ref ht|
41 thread.spawn-indirect htb|42 thread.available-parallelism h`.split("|").map((row) => {
    const [opcode = "", name = "", letters = ""] = row.trim().split(" ");
    return [parseInt(opcode, 16), { name, letters }] as const;
  }),
);

function builtin(reader: Reader, { name, letters }: { name: string; letters: string }): Builtin {
  const def: Record<string, unknown> = { kind: "builtin", name };
  for (const letter of letters) {
    const [key, read] = immediates[letter]!;
    def[key] = read(reader);
  }
  return def as Builtin;
}

export function canon(reader: Reader): CanonDef {
  const byte = reader.byte();
  switch (byte) {
    case 0x00:
      funcSort(reader, "lift");
      return { kind: "lift", func: reader.u32(), options: canonOptions(reader), type: reader.u32() };
    case 0x01:
      funcSort(reader, "lower");
      return { kind: "lower", func: reader.u32(), options: canonOptions(reader) };
    case 0x02:
      return { kind: "resource.new", type: reader.u32() };
    case 0x03:
      return { kind: "resource.drop", type: reader.u32() };
    case 0x04:
      return { kind: "resource.rep", type: reader.u32() };
  }
  const found = builtins.get(byte);
  if (found === undefined) reader.unknown(byte, "canonical function");
  return builtin(reader, found);
}
