import windlass from "@windlass/component/unplugin";
import { options } from "./windlass.js";

export default {
  input: "src/main.js",
  plugins: [windlass.rolldown(options)],
  output: { dir: "dist/rolldown", format: "es" },
};
