// esbuild has no configuration file: `await build(options)`, as the tests do.
import windlass from "@windlass/component/unplugin";
import { options } from "./windlass.js";

export default {
  entryPoints: ["src/main.js"],
  plugins: [windlass.esbuild(options)],
  bundle: true,
  format: "esm",
  outdir: "dist/esbuild",
};
