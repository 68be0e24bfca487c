import windlass from "@windlass/component/unplugin";
import { options } from "./windlass.js";

export default {
  base: "./",
  plugins: [windlass.vite(options)],
  build: { outDir: "dist/vite", rolldownOptions: { input: ["index.html", "worker.html"] } },
  // Workers have plugins of their own, and a component's module is an ES module.
  worker: { format: "es", plugins: () => [windlass.vite(options)] },
};
