// Matches the imports of one component: each import is found among a linker's definitions and
// checked.
// Leaves of a plan's imports enter. For each, a function leaves that makes what the host provides
// for one instance. A LinkError says which import lacks what.

import { LinkError } from "../../errors.ts";
import type { HostCall } from "../../abi/calls/call_link.ts";
import { trapAt } from "../../abi/state/trap.ts";
import type { FuncType, ResourceType } from "../../abi/types/types.ts";
import { withViewsAt } from "../../abi/types/views.ts";
import { Component, componentInternals } from "../../core/component.ts";
import type { Definition } from "../../core/definition.ts";
import { features } from "../../core/module/features.ts";
import type { MakeHostImport } from "../../core/run/running_core.ts";
import { isInterfaceName, parsePlainName } from "../../core/binary/names.ts";
import type { Given } from "../../core/plan/plan.ts";
import type { PlanImport } from "../../core/plan/plan_types.ts";
import { closest, Definitions, type Found } from "./definitions.ts";
import { HostFunc, type HostFunction, isSuspending, makeCall, plainFormOf, takesCaller, viewsOf } from "../func.ts";
import { alikeHint, versionHint, wasiHint } from "../hints.ts";
import { requireMatch, viewedType } from "../match.ts";
import { camelCase, givenKeys, type MemberKind, pascalCase } from "../names.ts";
import { isResourceClass, memberOf, testOf } from "./resource_members.ts";
import { callerOf, callTelling } from "./caller.ts";
import type { ResourceClass } from "../schema.ts";

/** Matches the imports of one component with the definitions of one linker. */
export class ImportMatcher {
  readonly #root: Definitions;
  readonly #trapUnknown: boolean;
  /** Instances by path. Each is looked up once. */
  readonly #scopes = new Map<string, Definitions | Found | undefined>();
  readonly classes: Map<ResourceType, ResourceClass> = new Map();

  constructor(root: Definitions, trapUnknown: boolean) {
    this.#root = root;
    this.#trapUnknown = trapUnknown;
  }

  /**
   * Gives what the host provides for an import that must be known before planning. `undefined` for
   * other imports.
   */
  given(leaf: PlanImport, definition: Definition): Given | undefined {
    const { want, display } = leaf;
    if (want.kind !== "module" && want.kind !== "component") return undefined;
    const value = this.#find(leaf, want.kind)?.value ?? this.#missing(leaf);
    if (want.kind === "module") {
      if (!(value instanceof WebAssembly.Module)) this.#wrongSort(leaf, "module", value);
      return definition.checkModule(value, want.type, display);
    }
    if (!(value instanceof Component)) this.#wrongSort(leaf, "component", value);
    const given = componentInternals(value).definition;
    if (given !== undefined) return given.fit(definition.wanted(leaf), display);
    throw new TypeError(
      `import ${display} cannot be a component that was written ahead of time: it has no definition`,
    );
  }

  match(leaf: PlanImport): MakeHostImport {
    const { want } = leaf;
    switch (want.kind) {
      case "func":
        return this.#func(leaf, want.type, this.#findFunc(leaf));
      case "resource": {
        const type = this.#class(leaf);
        if (type === undefined) {
          if (!this.#trapUnknown) this.#missing(leaf);
          return () => ({ kind: "resource", class: { is: () => false } });
        }
        this.classes.set(want.type, type);
        const resourceClass = testOf(type);
        return () => ({ kind: "resource", class: resourceClass });
      }
      case "same-resource": {
        const type = this.#class(leaf), expected = this.classes.get(want.type);
        if (type !== undefined && expected !== undefined && type !== expected) {
          throw new LinkError("mismatched-resource", `link import ${leaf.display}`, leaf.display, want.type.name ?? "");
        }
        return none;
      }
      case "value": {
        const found = this.#find(leaf, "value");
        if (found !== undefined) return () => ({ kind: "value", given: found.value });
        // As a record's field that is an option, such a value may be missing.
        if (want.same !== undefined) return none;
        if (want.type.kind !== "option" || this.#scope(leaf) === undefined) this.#missing(leaf);
        return () => ({ kind: "value", given: undefined });
      }
      case "instance":
        this.#scopeAt(leaf, leaf.path);
        return none;
      default:
        return none; // given before
    }
  }

  /** Gives the class that is defined for a resource. */
  #class(leaf: PlanImport): ResourceClass | undefined {
    const found = this.#find(leaf, "type");
    if (found === undefined) return undefined;
    if (!isResourceClass(found.value)) this.#wrongSort(leaf, "resource", found.value);
    return found.value;
  }

  /** Gives the definition for a leaf. At the root, a compatible version is enough. */
  #find(leaf: PlanImport, kind: MemberKind): Found | undefined {
    const { name } = leaf.path.at(-1)!, scope = this.#scope(leaf);
    const found = scope?.member(kind, name);
    if (found !== undefined || leaf.path.length > 1) return found;
    const versioned = scope!.instance(name);
    // A resource with an `is` test looks like an instance.
    return versioned instanceof Definitions ? { value: versioned.source ?? {}, owner: undefined } : versioned;
  }

  /** Gives the definitions that hold a leaf. `undefined` if its instance is missing. */
  #scope(leaf: PlanImport): Definitions | undefined {
    return this.#scopeAt(leaf, leaf.path.slice(0, -1));
  }

  #scopeAt(leaf: PlanImport, names: PlanImport["path"]): Definitions | undefined {
    let scope = this.#root;
    let path = "";
    for (const { name, implements: iface } of names) {
      path = `${path}#${name}`;
      // An instance whose plain name is not defined may be served by the interface that it
      // implements.
      if (!this.#scopes.has(path)) {
        this.#scopes.set(path, scope.instance(name) ?? (iface === undefined ? undefined : scope.instance(iface)));
      }
      const found = this.#scopes.get(path);
      if (found === undefined) return undefined;
      if (!(found instanceof Definitions)) this.#wrongSort(leaf, "instance", found.value);
      scope = found;
    }
    return scope;
  }

  /** Gives a function by its WIT name, or as a member of a resource's class. */
  #findFunc(leaf: PlanImport): Found | undefined {
    const { name } = leaf.path.at(-1)!, plain = parsePlainName(name);
    if (plain.kind === "label") return this.#find(leaf, "func");
    const scope = this.#scope(leaf);
    const raw = scope?.item(name);
    if (raw !== undefined) return raw;
    const resource = scope?.member("type", plain.resource)?.value;
    if (!isResourceClass(resource)) return undefined;
    return { value: memberOf(resource, plain), owner: undefined };
  }

  #func(leaf: PlanImport, type: FuncType, found: Found | undefined): MakeHostImport {
    const { display } = leaf;
    const value = found?.value;
    if (value === undefined) {
      if (!this.#trapUnknown) this.#missing(leaf);
      return (tree) => ({ kind: "func", call: () => trapAt(tree, `import ${display}`, "unknown-import") });
    }
    if (value instanceof HostFunc) return this.#hostFunc(leaf, type, value);
    if (typeof value !== "function") this.#wrongSort(leaf, "func", value);
    const owned = (func: HostFunction): HostCall => found!.owner === undefined ? func : func.bind(found!.owner);
    const call = owned(value as HostFunction), form = plainFormOf(value);
    const plain = form && owned(form);
    const viewed = withViewsAt(type, viewsOf(value));
    if (plain !== undefined && !features.jspi) return () => ({ kind: "func", call: plain, viewed });
    // A function of an asynchronous type may give a promise anyway.
    const suspends = isSuspending(value) && !type.async;
    if (suspends) this.#requireJspi(display);
    return () => ({ kind: "func", call, suspends, plain, viewed });
  }

  #hostFunc(leaf: PlanImport, type: FuncType, func: HostFunc): MakeHostImport {
    const { display, path } = leaf;
    const suspends = func.suspends && !type.async;
    if (suspends) this.#requireJspi(display);
    let viewed: FuncType | undefined;
    if (func.type !== undefined) {
      requireMatch(type, func.type, (resource) => this.classes.get(resource), `link import ${display}`, display);
      viewed = viewedType(type, func.type, type.async || suspends, display);
    }
    const make = makeCall(func);
    const labels = path.map(({ name }) => name);
    const names = { import: labels.slice(0, -1).join("#"), func: labels.at(-1)! };
    if (func.type === undefined && !takesCaller(func)) {
      const call = make(display, type, callerOf({ data: undefined, ...names }));
      if (typeof call !== "function") {
        throw new TypeError(`the dynamic host function of import ${display} did not give a function`);
      }
      const dynamic = suspends || isSuspending(call) && !type.async;
      if (dynamic) this.#requireJspi(display);
      return () => ({ kind: "func", call, suspends: dynamic });
    }
    return (tree) => {
      const told = { data: tree.data, ...names };
      const mayWait = takesCaller(func) && (type.async || suspends);
      const call = mayWait
        ? callTelling((caller) => make(display, type, caller), told, tree)
        : make(display, type, callerOf(told));
      return { kind: "func", call, suspends, viewed };
    };
  }

  #missing(leaf: PlanImport): never {
    throw new LinkError("missing-import", `link import ${leaf.display}`, leaf.display, this.#hint(leaf));
  }

  #hint(leaf: PlanImport): string {
    const plain = parsePlainName(leaf.path.at(-1)!.name);
    if (plain.kind !== "label" && this.#scope(leaf)?.member("type", plain.resource) !== undefined) {
      const [name, ...others] = plain.kind === "constructor" ? ["constructor"] : givenKeys(plain.kind, plain.label);
      const called = others.length === 0 && name!.startsWith("[") ? `: it would be called \`${name}\`` : "";
      return `; the class that is defined for \`${plain.resource}\` has no such member${called}`;
    }
    const { names } = this.#root, { name } = leaf.path[0]!;
    if (isInterfaceName(name) && this.#root.instance(name) === undefined) {
      const hint = wasiHint(name) ?? versionHint(name, names.all, "what is defined");
      if (hint !== undefined) return hint;
    }
    const scope = leaf.path.length > 1 ? this.#scope(leaf) : undefined;
    const empty = emptyHint(scope ?? this.#root, scope === undefined ? name : leaf.path.at(-1)!.name);
    if (empty !== undefined) return empty;
    if (scope === undefined) return alikeHint(leaf.display, this.#root.paths(), "the closest name that is defined");
    const owner = leaf.display.slice(0, leaf.display.lastIndexOf("#")), label = leaf.path.at(-1)!.name;
    for (const key of spellings(label)) {
      const near = closest(key, scope.names.all);
      if (near !== undefined) return `; the closest name that is defined is ${owner}#${near}`;
    }
    return `; what is defined for \`${owner}\` has no such member`;
  }

  #wrongSort(leaf: PlanImport, expected: string, value: unknown): never {
    throw new LinkError("wrong-sort", `link import ${leaf.display}`, leaf.display, expected, sortOf(value));
  }

  #requireJspi(display: string): void {
    if (features.jspi) return;
    const jspi = "JSPI (WebAssembly.Suspending and WebAssembly.promising)";
    throw new LinkError("missing-feature", `link import ${display}`, display, "a suspending host function", jspi);
  }
}

/** The names by which a host may give an item. */
function spellings(label: string): readonly string[] {
  return [label, camelCase(label), pascalCase(label)];
}

/** Says that a name is there, but nothing is given for it. */
function emptyHint(scope: Definitions, label: string): string | undefined {
  const name = spellings(label).find((key) => scope.names.has(key) && scope.instance(key) === undefined);
  return name === undefined ? undefined : `; what is given for \`${name}\` is undefined`;
}

const none: MakeHostImport = () => ({ kind: "none" });

function sortOf(value: unknown): string {
  if (value instanceof HostFunc || typeof value === "function") return "func";
  if (value instanceof WebAssembly.Module) return "module";
  if (value instanceof Component) return "component";
  if (value === null) return "null";
  if (value instanceof Promise) return "a promise: await it first";
  return typeof value === "object" ? "instance" : typeof value;
}
