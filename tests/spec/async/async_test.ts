// The scripts about asynchronous components.

import { testScripts } from "../scripts.ts";

testScripts("async/");
