/// <reference lib="dom" />

// The playground: a component from a file or a sample, its world, its imports stubbed or scripted, its exports as forms, its calls as they happen.

import {
  compile,
  type Component,
  ComponentError,
  type ExternItem,
  features,
  type FuncType,
  HostFunc,
  type HostFunction,
  type Instance,
  Linker,
  ok,
  type ResourceType,
} from "@windlass/component";
import { ExitError, wasi } from "@windlass/component/wasi";
import { Calls } from "./calls.ts";
import { camelCase, pascalCase } from "../../host/names.ts";
import { el } from "./dom.ts";
import { describe, emptyValue, type Held, inputFor } from "./forms.ts";

const byId = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;
const calls = new Calls(byId("entries"));

/** Samples that lie beside the page. */
const SAMPLES: Readonly<Record<string, string>> = {
  greet: "greet.wasm: an import, an export",
  hello: "hello.wasm: a WASI command in C",
  shapes: "shapes.wasm: every kind of value, and a resource",
};

// ── Choosing a component ──────────────────────────────────────────────────────────────────────────────────────────────────

function tell(text: string, error = false): void {
  const status = byId("status");
  status.textContent = text;
  status.className = error ? "error" : "";
}

async function load(name: string, source: Promise<Response> | Blob): Promise<void> {
  tell(`Compiling ${name}…`);
  try {
    const started = performance.now();
    const component = await compile(source instanceof Blob ? source.stream() : source);
    const ms = performance.now() - started;
    open(component);
    tell(`${name}: compiled in ${ms.toFixed(1)} ms, ${component.modules.length} core modules.`);
    await instantiate(component);
  } catch (error) {
    document.querySelector("main")!.hidden = true;
    tell(String(error), true);
  }
}

const sample = byId<HTMLSelectElement>("sample");
for (const [value, textContent] of Object.entries(SAMPLES)) sample.append(el("option", { value, textContent }));
sample.addEventListener("change", () => {
  if (sample.value !== "") load(`${sample.value}.wasm`, fetch(`${sample.value}.wasm`));
});
byId<HTMLInputElement>("file").addEventListener("change", (event) => {
  const file = (event.target as HTMLInputElement).files?.[0];
  if (file !== undefined) load(file.name, file);
});
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  document.body.classList.add("dropping");
});
for (const type of ["dragleave", "drop"]) {
  document.addEventListener(type, () => document.body.classList.remove("dropping"));
}
document.addEventListener("drop", (event) => {
  event.preventDefault();
  const file = event.dataTransfer?.files[0];
  if (file !== undefined) load(file.name, file);
});
byId("clear").addEventListener("click", () => calls.clear());

// ── Imports ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** An imported function and what the page does for it. */
interface Script {
  readonly path: string;
  readonly type: FuncType;
  /** The text of a function; empty for a stub. */
  readonly text: () => string;
}

let scripts: Script[] = [];
let component: Component;
byId("instantiate").addEventListener("click", () => instantiate(component));

function functionsOf(item: ExternItem, owner = ""): { path: string; type: FuncType }[] {
  const path = owner === "" ? item.name : `${owner}#${item.name}`;
  if (item.type.kind === "func") return [{ path, type: item.type.type }];
  return item.type.kind === "instance" ? item.type.exports.flatMap((inner) => functionsOf(inner, item.name)) : [];
}

function open(loaded: Component): void {
  component = loaded;
  byId("wit").textContent = component.wit();
  document.querySelector("main")!.hidden = false;
  calls.clear();
  const list = byId("import-list");
  const isWasi = (item: ExternItem): boolean => /^wasi:[^@]*@0\.2\./.test(item.name);
  const own = component.imports.filter((item) => !isWasi(item)).flatMap((item) => functionsOf(item));
  const given = component.imports.filter(isWasi).map((item) => item.name);
  scripts = [];
  const items = own.map(({ path, type }) => {
    const names = type.params.map(({ name }) => name.replaceAll("-", "_"));
    const area = el("textarea", {
      rows: 2,
      spellcheck: false,
      placeholder: `(${names.join(", ")}) => …`,
      label: `Script for ${path}; empty for a stub`,
    });
    scripts.push({ path, type, text: () => area.value });
    const signature = `(${type.params.map((param) => `${param.name}: ${describe(param.type)}`).join(", ")})`;
    const result = type.result === undefined ? "" : ` → ${describe(type.result)}`;
    return el(
      "div",
      { className: "item" },
      el("h3", { textContent: path }),
      el("div", { className: "type", textContent: signature + result }),
      area,
    );
  });
  list.replaceChildren(
    ...items,
    ...given.length === 0 ? [] : [el(
      "details",
      {},
      el("summary", { textContent: `${given.length} interfaces of WASI: output is shown, nothing else is given` }),
      el("pre", { textContent: given.join("\n") }),
    )],
    ...items.length + given.length === 0 ? [el("p", { className: "hint", textContent: "None." })] : [],
  );
}

const stubs = new WeakMap<ResourceType, object>();
/** An object for a resource of the host's. */
function stubOf(resource: ResourceType): object {
  let stub = stubs.get(resource);
  if (stub === undefined) stubs.set(resource, stub = new Stub());
  return stub;
}
class Stub {}

/** Calls a script or a stub, and notes it. */
function hostFunction({ path, type, text }: Script): HostFunction {
  const script = text().trim();
  const own = script === "" ? undefined : new Function(`"use strict"; return (${script});`)() as HostFunction;
  return (...args) => {
    const started = performance.now();
    try {
      const value = own === undefined ? type.result && emptyValue(type.result, stubOf) : own(...args);
      calls.call("import", path, type, args, value, performance.now() - started);
      // What a stub gives for a result at the top must be branded.
      if (own === undefined && type.result?.kind === "result") return ok((value as { val: unknown }).val);
      return value;
    } catch (error) {
      calls.failure("import", path, error, performance.now() - started);
      throw error;
    }
  };
}

function outputTo(name: string): WritableStream<Uint8Array> {
  const decoder = new TextDecoder();
  return new WritableStream({ write: (chunk) => calls.output(name, decoder.decode(chunk, { stream: true })) });
}

async function link(): Promise<Instance> {
  const linker = new Linker({ shadowing: true }).trapUnknown();
  linker.define(await wasi({ stdout: outputTo("stdout"), stderr: outputTo("stderr"), args: ["program"] }));
  for (const item of component.imports) {
    if (item.type.kind !== "instance") continue;
    for (const member of item.type.exports) {
      if (member.type.kind === "type" && member.type.type.kind === "resource" && !item.name.startsWith("wasi:")) {
        linker.instance(item.name).resource(member.name, Stub);
      }
    }
  }
  for (const script of scripts) {
    const call = HostFunc.dynamic(() => hostFunction(script));
    const [name = "", member] = script.path.split("#");
    if (member === undefined) linker.func(name, call);
    else linker.instance(name).func(member, call);
  }
  return await linker.link(component).instantiate();
}

// ── Exports ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Objects of the guest's resources that calls have given. */
let kept: { readonly name: string; readonly resource: ResourceType; readonly object: unknown }[] = [];
const held: Held = (resource) => kept.filter((one) => one.resource === resource);

async function instantiate(of: Component): Promise<void> {
  kept = [];
  const list = byId("export-list");
  const started = performance.now();
  try {
    const instance = await link();
    const ms = performance.now() - started;
    tell(`${byId("status").textContent!.split(" Instantiated")[0]} Instantiated in ${ms.toFixed(1)} ms.`);
    list.replaceChildren(...of.exports.map((item) => exported(item, instance)));
  } catch (error) {
    list.replaceChildren(el("p", { className: "fault", textContent: String(error) }));
  }
}

function exported(item: ExternItem, instance: Instance): HTMLElement {
  const from = features.jspi ? instance.promising.exports : instance.exports;
  if (item.type.kind === "func") return functionForm(item.name, item.type.type, from);
  if (item.type.kind !== "instance") {
    return el("p", { className: "hint", textContent: `${item.name}: a ${item.type.kind}` });
  }
  const members = item.type.exports.flatMap((member) =>
    member.type.kind === "func" ? functionForm(member.name, member.type.type, from[item.name]) : []
  );
  return el("details", { open: true }, el("summary", { textContent: item.name }), ...members);
}

/** How a member is called: a function, a constructor, a method or a static function of a class. */
// deno-lint-ignore no-explicit-any
function callable(name: string, owner: any): (...args: unknown[]) => unknown {
  // Names that are the same in JavaScript's spelling keep WIT's.
  const spelt = (of: object, label: string, spell: (label: string) => string) => label in of ? label : spell(label);
  const classOf = (resource: string) => owner[spelt(owner, resource, pascalCase)];
  const [, kind, resource = "", label = ""] = /^\[(constructor|method|static)\]([^.]+)\.?(.*)$/.exec(name) ?? [];
  switch (kind) {
    case "constructor":
      return (...args) => new (classOf(resource))(...args);
    case "method":
      return (self, ...args) => {
        const { prototype } = classOf(resource);
        return prototype[spelt(prototype, label, camelCase)].apply(self, args);
      };
    case "static":
      return (...args) => classOf(resource)[spelt(classOf(resource), label, camelCase)](...args);
    default:
      return (...args) => owner[spelt(owner, name, camelCase)](...args);
  }
}

// deno-lint-ignore no-explicit-any
function functionForm(name: string, type: FuncType, owner: any): HTMLElement {
  const fields = el("div"), fault = el("p", { className: "fault" });
  let inputs: ReturnType<typeof inputFor>[] = [];
  const fill = (): void => {
    inputs = type.params.map((param) => inputFor(param.type, `${name} ${param.name}`, held));
    fields.replaceChildren(...inputs.map((input, i) =>
      el(
        "div",
        { className: "field" },
        el("span", { className: "name", textContent: type.params[i]!.name }),
        el("span", { className: "type", textContent: ` ${describe(type.params[i]!.type)}` }),
        input.element,
      )
    ));
  };
  fill();
  const button = el("button", { className: "call", type: "submit", textContent: "Call", label: `Call ${name}` });
  const form = el("form", {}, el("h3", { textContent: name }), fields, button, fault);
  // What is held may have changed since the form was made.
  let known = 0;
  form.addEventListener("focusin", () => {
    const takes = type.params.some((param) => param.type.kind === "own" || param.type.kind === "borrow");
    if (!takes || known === kept.length) return;
    known = kept.length;
    fill();
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    fault.textContent = "";
    button.disabled = true;
    const started = performance.now();
    let args: unknown[] = [];
    try {
      args = inputs.map((input) => input.value());
      const value = await callable(name, owner)(...args);
      const ms = performance.now() - started;
      const result = type.result?.kind === "result" ? { tag: "ok", val: value } : value;
      calls.call("export", name, type, args, result, ms);
      if (type.result?.kind === "own") {
        const { resource } = type.result;
        kept.push({ name: `${resource.name ?? "object"} ${kept.length + 1}`, resource, object: value });
      }
    } catch (error) {
      const ms = performance.now() - started;
      if (error instanceof ComponentError && type.result?.kind === "result") {
        calls.call("export", name, type, args, { tag: "err", val: error.payload }, ms);
      } else if (error instanceof ExitError) calls.output("exit", `code ${error.exitCode}`);
      else {
        calls.failure("export", name, error, ms);
        fault.textContent = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      }
    } finally {
      button.disabled = false;
      button.focus();
    }
  });
  return el("div", { className: "item" }, form);
}
