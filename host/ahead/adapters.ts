/**
 * What components with calls between guests need besides `@windlass/component/ahead`. Written
 * modules import it.
 *
 * @module
 */

import { givenAdapters } from "../../core/fused/fused_core.ts";
import type { Part } from "./part.ts";

export type { Part };

/** The part. */
export const part: Part = { givenAdapters };
