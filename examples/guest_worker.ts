// The worker of time_limit.ts: runs one call of a component and says what it returned or threw.

import { compile, Linker } from "@windlass/component";

declare const self: {
  onmessage: ((event: MessageEvent) => void) | null;
  postMessage(message: unknown): void;
};

self.onmessage = async ({ data: { bytes, modules, path, name, args } }) => {
  try {
    const component = await compile(bytes, { modules }); // nothing is compiled again
    const instance = await new Linker().trapUnknown().link(component).instantiate();
    const owner = path === "" ? instance.exports : instance.exports[path];
    self.postMessage({ value: owner[name](...args) });
  } catch (error) {
    self.postMessage({ error: (error as Error).message });
  }
};
