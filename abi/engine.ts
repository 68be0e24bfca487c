// Which engine this is, where two engines take different times for the same.

/** Whether it is JavaScriptCore. */
export const isJsc: boolean = "Bun" in globalThis || !("captureStackTrace" in Error);
