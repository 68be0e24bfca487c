// What host/ does with a component grows no faster than the component: steps are counted, at two
// sizes, of which the larger is twice the smaller. A step is an item that an iterator gave, or that
// a method of an array went through.

import { assert } from "@std/assert";
import {
  type Component,
  type ExternItem,
  type ExternType,
  instantiateSync,
  Linker,
  LinkError,
  t,
} from "@windlass/component";
import { printTypescript } from "../../host/print/typescript.ts";
import { printWit } from "../../host/print/wit.ts";
import { component } from "../support/wasm.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

const SIZE = 500;
/**
 * Twice the size may take somewhat more than twice the steps; the square of the size would be four
 * times.
 */
const FACTOR = 2.3;

const iterators = [[][Symbol.iterator](), new Map()[Symbol.iterator](), new Set()[Symbol.iterator]()].map(
  Object.getPrototypeOf,
);
const methods = "every filter find findIndex flatMap forEach includes indexOf map reduce some unshift".split(" ");

/** Counts what an action goes through. */
function steps(action: () => unknown): number {
  let count = 0;
  const restore: (() => void)[] = [];
  const replace = (object: Any, key: string, make: (real: (...args: unknown[]) => unknown) => unknown): void => {
    const own = Object.getOwnPropertyDescriptor(object, key)!;
    Object.defineProperty(object, key, { ...own, value: make(own.value) });
    restore.push(() => Object.defineProperty(object, key, own));
  };
  for (const iterator of iterators) {
    replace(iterator, "next", (real) =>
      function (this: unknown) {
        count++;
        return real.call(this);
      });
  }
  for (const method of methods) {
    replace(Array.prototype, method, (real) =>
      function (this: unknown[], ...args: unknown[]) {
        count += this.length;
        return Reflect.apply(real, this, args);
      });
  }
  try {
    action();
  } finally {
    for (const back of restore) back();
  }
  return count;
}

const seq = (n: number, text: (i: number) => string) => Array.from({ length: n }, (_, i) => text(i)).join("\n");
const exported =
  `(core module $M (func (export "f"))) (core instance $m (instantiate $M)) (func $f (canon lift (core func $m "f")))`;
const record = `(type $t' (record (field "a" u8)))`;

/** Components of any size. */
const shapes: Readonly<Record<string, (n: number) => string>> = {
  "imported functions": (n) => seq(n, (i) => `(import "f${i}" (func))`),
  "imported interfaces": (n) => seq(n, (i) => `(import "a:b/i${i}@1.0.${i}" (instance (export "f" (func))))`),
  "imported versions of one interface": (n) =>
    seq(n, (i) => `(import "a:b/c@1.0.${i}" (instance (export "f" (func))))`),
  "functions of an imported interface": (n) =>
    `(import "a:b/c" (instance ${seq(n, (i) => `(export "f${i}" (func))`)}))`,
  "imported resources": (n) => seq(n, (i) => `(import "r${i}" (type (sub resource)))`),
  "resources of an imported interface": (n) =>
    `(import "a:b/c" (instance ${
      seq(n, (i) =>
        `(export "r${i}" (type $r${i} (sub resource)))
         (export "[method]r${i}.m" (func (param "self" (borrow $r${i}))))`)
    }))`,
  "functions of one resource": (n) =>
    `(import "a:b/c" (instance (export "r" (type $r (sub resource)))
      ${
      seq(n, (i) => `(export "[static]r.s${i}" (func)) (export "[method]r.m${i}" (func (param "self" (borrow $r))))`)
    }))`,
  "interfaces with a type each": (n) =>
    seq(n, (i) => `(import "a:b/i${i}" (instance ${record} (export "t" (type (eq $t')))))`),
  "interfaces that use one type": (n) =>
    `(import "a:b/t" (instance $t ${record} (export "t" (type (eq $t'))))) (alias export $t "t" (type $t))
    ${
      seq(n, (i) =>
        `(import "a:b/i${i}" (instance (alias outer 1 $t (type $q)) (export "t" (type $u (eq $q)))
          (export "f" (func (param "x" $u)))))`)
    }`,
  "namesakes that one interface uses": (n) =>
    `${
      seq(n, (i) =>
        `(import "a:b/i${i}" (instance $i${i} ${record} (export "t" (type (eq $t')))))
         (alias export $i${i} "t" (type $t${i}))`)
    } (import "a:b/all" (instance ${seq(n, (i) => `(export "f${i}" (func (param "x" (list $t${i}))))`)}))`,
  "types of an imported interface": (n) =>
    `(import "a:b/c" (instance ${
      seq(n, (i) => `(type $t${i} (record (field "a" u8))) (export "t${i}" (type (eq $t${i})))`)
    }))`,
  "exported functions": (n) => `${exported} ${seq(n, (i) => `(export "f${i}" (func $f))`)}`,
  "exported interfaces": (n) =>
    `${exported} (instance $i (export "f" (func $f))) ${seq(n, (i) => `(export "a:b/i${i}" (instance $i))`)}`,
  "functions of an exported interface": (n) =>
    `${exported} (instance $i ${seq(n, (i) => `(export "f${i}" (func $f))`)}) (export "a:b/c" (instance $i))`,
};

class Given {
  m(): void {}
}
for (let i = 0; i < 2 * SIZE; i++) {
  Object.defineProperty(Given, `s${i}`, { value: () => {} });
  Object.defineProperty(Given.prototype, `m${i}`, { value: () => {} });
}

/** An import object that gives what a component imports. */
const importsOf = (items: readonly ExternItem[], spell: (name: string) => string): Any =>
  Object.fromEntries(items.flatMap(({ name, type }): [string, unknown][] => {
    if (type.kind === "instance") return [[spell(name), importsOf(type.exports, (name) => name)]];
    if (type.kind === "func") return [[name, () => {}]];
    return type.kind === "type" && type.type.kind === "resource" ? [[`R${name.slice(1)}`, Given]] : [];
  }));
const exact = (name: string): string => name;
const running = (made: Component) => new Linker().trapUnknown().link(made).instantiateSync();
const paths = ({ exports }: Component): string[] =>
  exports.flatMap(({ name, type }) =>
    type.kind === "instance" ? type.exports.map((member) => `${name}#${member.name}`) : name
  );

const actions: Readonly<Record<string, (made: Component) => () => unknown>> = {
  "typescript()": (made) => () => made.typescript(),
  "wit()": (made) => () => made.wit(),
  "linking an import object": (made) => {
    const imports = importsOf(made.imports, exact);
    return () => instantiateSync(made, imports);
  },
  "linking by compatible versions": (made) => {
    const imports = importsOf(made.imports, (name) => name.replace(/@1\.0\.(\d+)$/, "@1.1.$1"));
    return () => instantiateSync(made, imports);
  },
  "linking definitions": (made) => () => {
    const linker = new Linker();
    const define = (scope: Any, items: readonly ExternItem[]): void => {
      for (const { name, type } of items) {
        if (type.kind === "instance") define(scope.instance(name), type.exports);
        else if (type.kind === "func" && !name.startsWith("[")) scope.func(name, () => {});
        else if (type.kind === "type" && type.type.kind === "resource") scope.resource(name, Given);
      }
    };
    define(linker, made.imports);
    linker.link(made);
  },
  "linking with trapUnknown()": (made) => () => new Linker().trapUnknown().link(made),
  "an import that is missing": (made) => {
    const imports = importsOf(made.imports.slice(0, -1), exact);
    return () => {
      try {
        new Linker().define(imports).link(made);
      } catch (error) {
        assert(error instanceof LinkError, String(error));
      }
    };
  },
  "reading every export": (made) => {
    const { exports } = running(made);
    return () => {
      for (const key of Object.keys(exports)) {
        const member = exports[key] as Any;
        if (typeof member === "object") { for (const inner of Object.keys(member)) void member[inner]; }
      }
    };
  },
  "looking up every export": (made) => {
    const instance = running(made), all = paths(made);
    return () => {
      for (const path of all) instance.func(path, t.func([]));
      for (const { name } of made.exports) instance.interface(`${name}@1.0.0`);
    };
  },
};

for (const [shape, text] of Object.entries(shapes)) {
  Deno.test(`the cost of ${shape} grows with their number`, async () => {
    const [small, large] = await Promise.all([SIZE, 2 * SIZE].map((size) => component(`(component ${text(size)})`)));
    for (const [name, prepare] of Object.entries(actions)) {
      void [small, large].map((made) => [made!.imports, made!.exports]);
      const [few, many] = [small!, large!].map((made) => steps(prepare(made)));
      assert(many! < FACTOR * few! + 100, `${name}: ${few} steps, then ${many}`);
    }
  });
}

Deno.test("a world of many interfaces is printed without ending the stack", () => {
  const type: ExternType = { kind: "func", type: { params: [], async: false } };
  const imports: ExternItem[] = Array.from({ length: 60000 }, (_, i) => ({
    name: `a:b/i${i}`,
    type: { kind: "instance", exports: [{ name: "f", type }] },
  }));
  assert(printWit(imports, []).includes("interface i59999 {"));
  assert(printTypescript(imports, [], "World").includes('readonly "a:b/i59999": {'));
});
