// Calls with vectors, which JavaScript has no values for: a module makes them in its stead, with the
// arguments as constants, and gives vectors as two i64.
// A script's commands enter; for an action with vectors a function leaves.

import { type Expr, head, type List, Unrunnable } from "./sexpr.ts";
import { wat } from "./wat.ts";

/** The core type of a constant, or of what is expected. */
function typeOf(expr: Expr): string {
  if (head(expr) === "either") return typeOf((expr as List).items[1]!);
  const type = head(expr).split(".")[0]!;
  if (type === "ref" || type === "") throw new Unrunnable("a vector beside a reference");
  return type;
}

/** An action with vectors, and what its command expects. */
interface Call {
  readonly action: List;
  readonly results: readonly string[];
}

/** The calls of one script. */
export class VectorCalls {
  readonly #text: string;
  /** The calls up to the next module, by each of them. */
  readonly #groups = new Map<Expr, readonly Call[]>();
  readonly #made = new Map<Expr, () => unknown>();

  constructor(text: string, commands: readonly Expr[]) {
    this.#text = text;
    let group: Call[] = [];
    for (const command of commands) {
      if (head(command) === "module") group = [];
      const list = command as List, isAssert = head(command) !== "invoke";
      const action = isAssert ? list.items?.[1] : list;
      if (head(action) !== "invoke") continue;
      const expected = head(command) === "assert_return" ? list.items.slice(2) : [];
      if (![...(action as List).items, ...expected].some((expr) => /v128|either/.test(head(expr)))) continue;
      // What a call gives that traps is not said, but by its name.
      group.push({ action: action as List, results: expected.map(typeOf) });
      this.#groups.set(action!, group);
    }
  }

  /** The function for an action; `undefined` for one without vectors. */
  async of(action: List, exports: WebAssembly.Exports): Promise<(() => unknown) | undefined> {
    const group = this.#groups.get(action);
    if (group === undefined) return undefined;
    if (!this.#made.has(action)) await this.#make(group, exports);
    const found = this.#made.get(action);
    if (found === undefined) throw new Unrunnable("a call with vectors");
    return found;
  }

  async #make(group: readonly Call[], exports: WebAssembly.Exports): Promise<void> {
    const imports = new Map<string, string>(), funcs: string[] = [];
    const given: WebAssembly.ModuleImports = {};
    group.forEach(({ action, results }, i) => {
      // Calls of other instances, and those whose results are not known, are left out.
      if (action.items[1]?.kind !== "string") return;
      const name = this.#text.slice(action.items[1].start, action.items[1].end), args = action.items.slice(2);
      const func = exports[JSON.parse(name)];
      if (typeof func !== "function") return;
      const params = args.map(typeOf), key = `${name} ${params} ${results}`;
      if (!imports.has(key)) {
        const id = `f${imports.size}`;
        given[id] = func as () => void;
        imports.set(key, `(import "" "${id}" (func $${id} (param ${params.join(" ")}) (result ${results.join(" ")})))`);
      }
      const id = `$f${[...imports.keys()].indexOf(key)}`;
      const locals = results.map((type, k) => `(local $r${k} ${type})`).join(" ");
      const sets = results.map((_, k) => `(local.set $r${k})`).reverse().join(" ");
      const gets = results.map((type, k) =>
        type === "v128"
          ? `(i64x2.extract_lane 0 (local.get $r${k})) (i64x2.extract_lane 1 (local.get $r${k}))`
          : `(local.get $r${k})`
      );
      const out = results.flatMap((type) => type === "v128" ? ["i64", "i64"] : type);
      const constants = args.map((arg) => this.#text.slice(arg.start, arg.end)).join(" ");
      funcs.push(
        `(func (export "${i}") (result ${out.join(" ")}) ${locals} (call ${id} ${constants}) ${sets} ${
          gets.join(" ")
        })`,
      );
    });
    let instance: WebAssembly.Instance;
    try {
      const module = await wat(`(module ${[...imports.values()].join("\n")} ${funcs.join("\n")})`);
      instance = new WebAssembly.Instance(new WebAssembly.Module(module), { "": given });
    } catch {
      return; // a result that is not what the script says it is
    }
    group.forEach(({ action }, i) => {
      const found = instance.exports[i];
      if (found !== undefined) this.#made.set(action, found as () => unknown);
    });
  }
}
