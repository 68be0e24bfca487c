// TypeScript knows the component by greet.d.wasm.ts, which the plugin writes beside it, and so does
// `windlass types --module src/greet.wasm`.
import { api, version } from "./greet.wasm";

const letters: number = api.summarise("world").letters;
const greeting: string = api.greet(version());
// @ts-expect-error: a name is a string
api.greet(letters);
console.log(greeting);
