/**
 * What metered components need besides `@windlass/component/ahead`. Written modules import it.
 *
 * @module
 */

import { asyncParts } from "../../core/async/async_core.ts";
import { meterer } from "../../core/meter/meterer.ts";
import type { Part } from "./part.ts";

export type { Part };

/** The part. A time slice suspends a guest as tasks do. */
export const part: Part = { asyncParts, meterer };
