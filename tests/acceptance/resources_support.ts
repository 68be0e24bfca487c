// Parts of components that the acceptance tests of resources share, and a host's class that counts.

/**
 * A core module `$M` and its instance `$m`.
 *
 * @param imports Core functions of the component by name, each `$name` in both, with their core types.
 */
export function core(imports: Readonly<Record<string, string>>, body: string): string {
  const names = Object.entries(imports);
  return `(core module $M
      ${names.map(([name, type]) => `(import "" "${name}" (func $${name} ${type}))`).join(" ")}
      ${body})
    (core instance $m (instantiate $M (with "" (instance
      ${names.map(([name]) => `(export "${name}" (func $${name}))`).join(" ")}))))`;
}

/** A resource type `$name` that the component defines and exports, without destructor. */
export function defined(...names: readonly string[]): string {
  return names.map((name) => `(type $${name}' (resource (rep i32))) (export $${name} "${name}" (type $${name}'))`)
    .join(" ");
}

/**
 * Exports `name` as the lift of a core function of the component, or of `$m` where its own name is
 * quoted.
 */
export function lift(name: string, type: string, func: string): string {
  const core = func.startsWith('"') ? `$m ${func}` : func;
  return `(func (export "${name}") ${type} (canon lift (core func ${core})))`;
}

/** A host's resource; what a guest drops is disposed of and noted. */
export class Ticket {
  /** Numbers of the disposed, in order. */
  static disposed: number[] = [];
  readonly number: number;
  constructor(number: number) {
    this.number = number;
  }
  [Symbol.dispose](): void {
    Ticket.disposed.push(this.number);
  }
  /** Runs an action, gives the numbers disposed of meanwhile. */
  static during(action: () => unknown): number[] {
    Ticket.disposed = [];
    action();
    return Ticket.disposed;
  }
}
