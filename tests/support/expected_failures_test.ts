import { assertEquals } from "@std/assert";
import { ExpectedFailures } from "./expected_failures.ts";

Deno.test("ExpectedFailures knows files, folders and lines, and says which entries pass", () => {
  const list = new ExpectedFailures("# a comment\n\na/\nb/one.wast:3  a reason\nb/two.wast\nc/never-run.wast\n");
  const outcome = (line: number, status: "passed" | "failed") => ({ status, command: "invoke", line, detail: "" });
  assertEquals(list.expects("/x/a/some.wast", outcome(1, "failed")), true);
  assertEquals(list.expects("/x/b/one.wast", outcome(2, "failed")), false);
  assertEquals(list.expects("/x/b/one.wast", outcome(3, "passed")), false);
  assertEquals(list.expects("/x/b/two.wast", outcome(9, "failed")), true);
  assertEquals(list.expects("/x/bb/two.wast", outcome(9, "failed")), false);
  assertEquals(list.outdated, ["b/one.wast:3"]);
});
