// node cluster/node.mjs [PROCESSES]: a handler in as many processes as there are processors, behind one port.
// Before: windlass wrap server.wasm -o . --serve
import cluster from "node:cluster";
import { availableParallelism } from "node:os";
import process from "node:process";

if (cluster.isPrimary) {
  const count = Number(process.argv[2] ?? availableParallelism());
  for (let i = 0; i < count; i++) cluster.fork();
} else {
  const { default: server } = await import("./server.js");
  const { listen } = await import("@windlass/component/wasi");
  const { url } = await listen((request) => server.fetch(request), { port: Number(process.env.PORT ?? 8080) });
  console.log(`process ${process.pid} listens at ${url}`);
}
