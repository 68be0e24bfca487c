// Lends Component its printers: core/ may not import host/, and nobody should have to load them separately.

import { setPrinters } from "../core/component.ts";
import { printTypescript } from "./typescript.ts";
import { printWit } from "./wit.ts";

setPrinters({ wit: printWit, typescript: printTypescript });
