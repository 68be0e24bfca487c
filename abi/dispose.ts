// `Symbol.dispose` and `Symbol.asyncDispose` where the engine has none (WebKit): made before any
// class uses them as names. Without them every `[Symbol.dispose]` member would be one called
// "undefined". Every entry imports this module first.

/** Gives the named well-known symbol to `Symbol`, if it has none. */
function provide(name: "dispose" | "asyncDispose"): void {
  if (name in Symbol) return;
  // From the registry, under the key that esbuild and Babel read when they compile `using` for such
  // an engine: code that was compiled and evaluated before this module agrees with it, as do a
  // second copy of this module and other realms.
  const value = Symbol.for(`Symbol.${name}`);
  // The attributes of the other well-known symbols: ECMA-262, "Properties of the Symbol
  // Constructor".
  if (!Reflect.defineProperty(Symbol, name, { value, writable: false, enumerable: false, configurable: false })) {
    throw new TypeError(
      `this engine has no Symbol.${name}, and Symbol is frozen: load this library before it is frozen`,
    );
  }
}

provide("dispose");
provide("asyncDispose");

/**
 * `Symbol.dispose`. Modules use this constant where they read the member, so that no bundler leaves
 * this module out.
 */
export const dispose: typeof Symbol.dispose = Symbol.dispose;
