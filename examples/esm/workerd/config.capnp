# workerd serve config.capnp, after:
#   windlass wrap server.wasm -o . --serve --modules import
#   esbuild server.js --bundle --format=esm --target=esnext --external:*.wasm --outfile=worker.js
# Nothing is evaluated or compiled when it runs: the core modules are modules of the configuration.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [(name = "main", worker = .worker)],
  sockets = [(name = "http", address = "127.0.0.1:8080", http = (), service = "main")],
);

const worker :Workerd.Worker = (
  modules = [
    (name = "worker.js", esModule = embed "worker.js"),
    (name = "./server.core0.wasm", wasm = embed "server.core0.wasm"),
    (name = "./server.core1.wasm", wasm = embed "server.core1.wasm"),
    (name = "./server.core2.wasm", wasm = embed "server.core2.wasm"),
  ],
  compatibilityDate = "2026-11-01",
);
