// What is faster in one engine and slower in another: codecs ask which one runs them.

/** Whether the engine is JavaScriptCore. An error of JavaScriptCore has its line. */
export const isJsc: boolean = "Bun" in globalThis || Object.hasOwn(new Error(), "line");
