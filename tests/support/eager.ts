// Loaded before the tests (`--preload`): imports are generated and kernels made at once, so that
// what a test calls once goes through them.

import { tiers } from "../../abi/codegen/tiers.ts";
import { kernels } from "../../abi/wasm/text.ts";

tiers.warmCalls = 0;
kernels.warmStrings = 0;
