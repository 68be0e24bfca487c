// node --import @windlass/component/register app.mjs
import { api } from "./greet.wasm";
import { run } from "./hello.wasm";
import greet from "./greet.wasm?source";
import { add } from "./add.wasm";

console.log(api.greet("Node"));
run.run(); // a command of WASI: windlass.config.mjs says what it is given
console.log(`${greet.exports.length} exports`); // the compiled component, for `instantiate`
console.log(`2 + 3 = ${add(2, 3)}`); // a core module, which Node itself loads
