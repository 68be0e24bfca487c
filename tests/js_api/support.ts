// What the tests of the draft JS API share: fixtures, components that echo a value of any type, and
// the exception that a function throws.

import "../support/leaks.ts";
import { assert } from "@std/assert";
import { Component, ComponentInstance, instantiate } from "@windlass/component/js-api";
import type { ResourceType, ValType } from "../../abi/types/types.ts";
import { echoComponent, echoOf, GUEST, HOST } from "../support/echo.ts";
import { testFile } from "../support/fixtures.ts";
import { wat } from "../support/wat.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

/** The bytes of a fixture. */
export function fixture(name: string): Uint8Array<ArrayBuffer> {
  return Deno.readFileSync(testFile(`js_api/fixtures/${name}.wasm`));
}

/** An instance of a fixture. */
export async function make(name: string, imports?: object): Promise<Any> {
  return (await instantiate(fixture(name), imports)).instance;
}

/** An instance of a component in text. */
export async function fromText(text: string, imports?: object): Promise<Any> {
  return (await instantiate(await wat(text), imports)).instance;
}

/** A component that gives a value to a function of the host's, and gives back what that gives. */
export interface Echo {
  /** Sends a value there and back. */
  (value: unknown): Any;
  /** What the host's function was given last. */
  seen: Any;
}

const encoded = new WeakMap<ValType, Component>();

/** Makes an echo of a type. `host` is the function of the host's. */
export function echo(type: ValType, host: (value: Any) => unknown = (value) => value): Echo {
  let component = encoded.get(type);
  if (component === undefined) {
    component = new Component(echoComponent(echoOf(type), { encodings: ["utf8"], interfaces: true }));
    encoded.set(type, component);
  }
  const { exports } = new ComponentInstance(component, {
    [HOST]: {
      f(value: unknown) {
        call.seen = value;
        return host(value);
      },
    },
  });
  const call = ((value: unknown) => exports[GUEST].f(value)) as Echo;
  return call;
}

/** Shorthands of types. */
export const bool: ValType = { kind: "bool" };
export const u8: ValType = { kind: "u8" };
export const u32: ValType = { kind: "u32" };
export const s64: ValType = { kind: "s64" };
export const f32: ValType = { kind: "f32" };
export const char: ValType = { kind: "char" };
export const string: ValType = { kind: "string" };
export const list = (element: ValType): ValType => ({ kind: "list", element });
export const option = (element: ValType): ValType => ({ kind: "option", element });
export const tuple = (...types: ValType[]): ValType => ({ kind: "tuple", types });
export const map = (key: ValType, value: ValType): ValType => ({ kind: "map", key, value });
export const result = (ok?: ValType, err?: ValType): ValType => ({ kind: "result", ok, err });
export const record = (fields: Record<string, ValType>): ValType => ({
  kind: "record",
  fields: Object.entries(fields).map(([name, type]) => ({ name, type })),
});
export const variant = (cases: Record<string, ValType | undefined>): ValType => ({
  kind: "variant",
  cases: Object.entries(cases).map(([name, type]) => ({ name, type })),
});
export const flags = (...names: string[]): ValType => ({ kind: "flags", names });
export const own = (resource: ResourceType): ValType => ({ kind: "own", resource });

/** Gives what a function throws: an error of exactly that class. */
// deno-lint-ignore no-explicit-any
export function thrown(Class: new (...args: any[]) => Error, run: () => unknown, message = ""): Any {
  try {
    run();
  } catch (thrown) {
    assert(thrown instanceof Error, `an exception that is no error: ${thrown}`);
    const error = thrown as Error;
    assert(error.constructor === Class, `expected ${Class.name}, found ${error.constructor.name}: ${error.message}`);
    assert(error.message.includes(message), `expected ${message} in ${error.message}`);
    return error;
  }
  throw new Error(`nothing was thrown, expected ${Class.name}`);
}

/** The same, of a promise. */
export async function rejected(
  // deno-lint-ignore no-explicit-any
  Class: new (...args: any[]) => Error,
  promise: Promise<unknown>,
  message = "",
): Promise<Any> {
  const outcome = await promise.then((value) => () => value, (error) => () => {
    throw error;
  });
  return thrown(Class, outcome, message);
}

/** An object that records what is asked of it, like the one that it stands for in all else. */
export function watched<T extends object>(target: T, log: string[], name = ""): T {
  const say = (what: string, key: PropertyKey): void => void log.push(`${what} ${name}${String(key)}`);
  return new Proxy(target, {
    get: (object, key, receiver) => (say("get", key), Reflect.get(object, key, receiver)),
    has: (object, key) => (say("has", key), Reflect.has(object, key)),
    getOwnPropertyDescriptor: (object, key) => (say("own", key), Reflect.getOwnPropertyDescriptor(object, key)),
    ownKeys: (object) => (log.push(`keys ${name}`), Reflect.ownKeys(object)),
  });
}
