// What a call owes, and in which order it is paid. Spec: definitions.py `Subtask.add_lender`,
// `Subtask.deliver_resolve`, `Task.num_borrows`.

import { assertEquals, assertThrows } from "@std/assert";
import { Trap } from "@windlass/component";
import { CallFrame } from "../../../abi/state/call_frame.ts";
import { HandleTable } from "../../../abi/state/handle_table.ts";
import { InstanceTree } from "../../../abi/state/instance.ts";
import { FakeResource } from "../../support/fake_resource.ts";

const resource = new FakeResource(0);
const table = (): HandleTable => new HandleTable(new InstanceTree({}, 1));

Deno.test("call frame: every lend is given back at the end, once", () => {
  const handles = table(), frame = new CallFrame(), handle = handles.add(resource, 7, undefined);
  handles.lend(handle, resource, frame);
  handles.lend(handle, resource, frame);
  assertThrows(() => handles.takeOwn(handle, resource), Trap, "while borrowed");
  frame.end();
  frame.end(); // owes nothing more: a second payment would leave the count below 0
  assertEquals(handles.takeOwn(handle, resource), 7);
});

Deno.test("call frame: of two calls, the end of one leaves what the other was lent", () => {
  const handles = table(), [one, other] = [new CallFrame(), new CallFrame()];
  const handle = handles.add(resource, 7, undefined);
  handles.lend(handle, resource, one);
  handles.lend(handle, resource, other);
  one.end();
  assertThrows(() => handles.drop(handle, resource), Trap, "while borrowed");
  other.end();
  assertEquals(handles.drop(handle, resource), 7);
});

Deno.test("call frame: borrows are counted by the frame that they were made in", () => {
  const handles = table(), [one, other] = [new CallFrame(), new CallFrame()];
  const first = handles.add(resource, 7, one);
  handles.add(resource, 7, other);
  handles.add(resource, 8, one);
  assertEquals([one.borrows, other.borrows], [2, 1]);
  handles.drop(first, resource);
  assertEquals([one.borrows, other.borrows], [1, 1]);
});

Deno.test("call frame: what was done last is undone first; then lends and endings, in their own order", () => {
  const handles = table(),
    frame = new CallFrame(),
    done: string[] = [],
    note = (what: string) => () => {
      done.push(what);
    };
  const handle = handles.add(resource, 7, undefined);
  handles.lend(handle, resource, frame);
  frame.atEnd(note("ending 1"));
  frame.onFailure(note("undo 1"));
  frame.onFailure(() => {
    done.push("undo 2");
    assertThrows(() => handles.takeOwn(handle, resource), Trap); // still lent
  });
  frame.atEnd(note("ending 2"));
  frame.onFailure(note("undo 3"));
  frame.undo();
  assertEquals(done.splice(0), ["undo 3", "undo 2", "undo 1", "ending 1", "ending 2"]);
  assertEquals(handles.takeOwn(handle, resource), 7);
  frame.undo();
  frame.end();
  assertEquals(done, []);
});

Deno.test("call frame: a call that happened undoes nothing", () => {
  const frame = new CallFrame(), done: string[] = [];
  frame.onFailure(() => done.push("undo"));
  frame.atEnd(() => done.push("ending"));
  frame.end();
  assertEquals(done, ["ending"]);
});
