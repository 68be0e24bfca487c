// wasi:config 0.2.0-draft and 0.2.0-rc.1: values by their names.

import { err, type Imports } from "@windlass/component";

/**
 * Imports of `wasi:config/store`.
 *
 * @param values The values, or a function that gives them as they are now. What it throws is the
 *   guest's `upstream` error.
 */
export function config(values: Readonly<Record<string, string>> | (() => Readonly<Record<string, string>>)): Imports {
  const asked = <R>(use: (values: Readonly<Record<string, string>>) => R) => {
    try {
      return use(typeof values === "function" ? values() : values);
    } catch (error) {
      return err({
        tag: "upstream",
        val: error instanceof Error ? error.message : String(error),
      });
    }
  };
  return {
    "wasi:config/store": {
      get: (key: string) => asked((all) => Object.hasOwn(all, key) ? all[key] : undefined),
      getAll: () => asked((all) => Object.entries(all)),
    },
  };
}
