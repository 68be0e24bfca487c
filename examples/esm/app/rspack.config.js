import { fileURLToPath } from "node:url";
import windlass from "@windlass/component/unplugin";
import { options } from "./windlass.js";

export default {
  mode: "production",
  entry: "./src/main.js",
  plugins: [windlass.rspack(options)],
  output: { path: fileURLToPath(new URL("dist/rspack", import.meta.url)) },
};
