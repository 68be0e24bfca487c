// Loaded before the tests (`--preload`): imports are generated at once, so that what a test calls once is generated code too.

import { tiers } from "../../abi/tiers.ts";

tiers.warmCalls = 0;
