// The scripts about synchronous components.

import { testScripts } from "./scripts.ts";

testScripts("");
