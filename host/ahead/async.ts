/**
 * What components with asynchronous parts need besides `@windlass/component/ahead`. Written modules
 * import it.
 *
 * @module
 */

import { asyncParts } from "../../core/async/async_core.ts";
import type { Part } from "./part.ts";

export type { Part };

/** The part. */
export const part: Part = { asyncParts };
