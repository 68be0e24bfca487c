// `Symbol.isWasmResourceOf`: the name under which a constructor has the test for its resources. An
// engine that has none gets one from the registry, so that all copies and realms agree.
// Draft: JS-Reference.md "The host resource type protocol".

const { isWasmResourceOf: wellKnown } = Symbol as { readonly isWasmResourceOf?: symbol };

/**
 * The draft's well-known symbol `Symbol.isWasmResourceOf`, or a registered one while the engine has
 * none. `./polyfill` makes it a member of `Symbol`.
 */
export const isWasmResourceOf: unique symbol = (wellKnown ?? Symbol.for("Symbol.isWasmResourceOf")) as never;
