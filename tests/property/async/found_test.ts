// Programs in which the run-time once did something else than the model of the interleaving test,
// made as small as they get. The model checks each step; what a test asserts besides is what was
// wrong.

import { assertEquals } from "@std/assert";
import { jspiTest } from "../../support/jspi_test.ts";
import { runScripts } from "./run.ts";

Deno.test("a caller leaves its instances, also if a task was let go on before its callee", async () => {
  const { log } = await runScripts([{ inst: "b", lift: "cb" }, { inst: "a", lift: "cb" }], {
    1: ["thread.yield", "call-c-se-n-sync 10 0 48"],
    2: ["thread.yield", "call-c-se-n-async 11 0 48"],
    10: ["thread.yield"],
  });
  assertEquals(log.at(-1), "c 5 (sy): exit 0 0 0", "the instances can be entered again");
});

Deno.test("a thread that outlives the first thread of its task makes another one", async () => {
  const { log } = await runScripts([{ inst: "a", lift: "cb" }, { inst: "a", lift: "cb" }], {
    1: ["thread.new 10"],
    2: ["thread.resume-later 2"],
    10: ["thread.new 11"],
  });
  assertEquals(log.filter((line) => /"ended","call":10/.test(line)).length, 1);
});

jspiTest("control goes back from a thread that took the place of another one and then had to wait", async () => {
  await runScripts([{ inst: "b", lift: "cb" }, { inst: "a", lift: "cb" }], {
    1: ["call-c-se-n-async 10 0 52", "thread.new 11"],
    10: ["thread.yield"],
    2: ["call-b-cb-n-sync 12 0 48"],
    12: ["thread.suspend-then-resume-c 2"],
    11: ["call-c-cb-n-async 13 0 56", "call-c-cb-n-sync 14 0 48"],
  });
});

jspiTest("a cancellation that is pending is delivered before any other thread runs", async () => {
  await runScripts([{ inst: "b", lift: "st" }, { inst: "a", lift: "cb" }], {
    1: ["stream-u8.new", "stream-u8.read 1 0 1"],
    2: ["call-b-cb-n-async 10 0 48", "subtask.cancel 1"],
    10: ["thread.yield", "set.new", "stream-u8.write-async 2 8 1", "exit 50"],
  });
});

jspiTest("a stackful task enters as soon as backpressure ends, whoever holds the lock", async () => {
  await runScripts([{ inst: "c", lift: "cb" }, { inst: "a", lift: "cb" }], {
    1: ["backpressure.inc", "exit 1", "backpressure.dec"],
    2: ["call-c-cb-n-async 10 0 48", "call-c-st-n-sync 11 0 48"],
    10: ["stream-u8.new", "stream-u8.read 1 0 4"],
  });
});

jspiTest("a thread that another one resumes later does not go on before the caller of its task", async () => {
  const { log } = await runScripts([{ inst: "a", lift: "st" }], {
    1: ["call-c-cb-n-async 10 0 48"],
    10: ["thread.new 11", "thread.suspend-then-resume 2"],
    11: ["thread.resume-later 1"],
  });
  assertEquals(log.filter((line) => line.includes('"call":1,"result":"0x11"')).length, 1, "STARTED");
});

jspiTest("a synchronous task waits for a thread on top of it that is suspended itself", async () => {
  await runScripts([{ inst: "a", lift: "st" }, { inst: "a", lift: "sy" }], {
    1: ["thread.new 10", "call-b-st-n-async 11 0 48", "task.return 7", "thread.suspend"],
    11: ["thread.suspend-c", "task.cancel"],
    2: ["set.new", "thread.resume-later 2", "set.wait 2 32"],
    10: [
      ...["subtask.cancel-async 1", "stream-none.new", "stream-none.read-async 3 0 1", "stream-none.drop-write 4"],
      "join 3 2",
    ],
  });
});

Deno.test("without JSPI, a thread below on the stack cannot be promoted", async () => {
  const { trap } = await runScripts([{ inst: "a", lift: "cb" }], {
    1: ["thread.new 10", "thread.yield-then-resume-c 2"],
    10: ["thread.yield-then-promote-c 1"],
  }, { codegen: true, jspi: false });
  assertEquals(trap, "cannot-suspend");
});
