// The functions with which components print their worlds.

import type { Printers } from "../core/component.ts";
import { printTypescript } from "./print/typescript.ts";
import { printWit } from "./print/wit.ts";

/** As WIT, and as TypeScript. */
export const printers: Printers = { wit: printWit, typescript: printTypescript };
