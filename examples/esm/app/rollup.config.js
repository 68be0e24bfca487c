import nodeResolve from "@rollup/plugin-node-resolve";
import windlass from "@windlass/component/unplugin";
import { options } from "./windlass.js";

export default {
  input: "src/main.js",
  plugins: [windlass.rollup(options), nodeResolve()],
  output: { dir: "dist/rollup", format: "es" },
};
