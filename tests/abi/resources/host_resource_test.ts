// Objects of the host's that guests hold: their representations, what takes them back, and what the
// end of a handle does.

import { assertEquals, assertThrows } from "@std/assert";
import { Trap, ValueError } from "@windlass/component";
import { HostResource } from "../../../abi/resources/host_resource.ts";
import { CallFrame } from "../../../abi/state/call_frame.ts";
import { InstanceTree } from "../../../abi/state/instance.ts";
import { makeResourceType } from "../../../abi/types/resource_slots.ts";

class File {
  disposed = 0;
  [Symbol.dispose](): void {
    this.disposed++;
  }
}

function make(limits: { handles?: number } = {}): { resource: HostResource; tree: InstanceTree } {
  const tree = new InstanceTree({ limits }, 1);
  return {
    tree,
    resource: new HostResource(makeResourceType(0, "file"), { is: (value) => value instanceof File }, tree),
  };
}

Deno.test("host resource: an object that is given away comes back as itself, and its place is used again", () => {
  const { resource, tree } = make(), [one, other] = [new File(), new File()], frame = new CallFrame();
  const reps = [resource.ownFromHost(one, frame), resource.ownFromHost(other, frame)];
  assertEquals([reps[0] === reps[1], resource.size, tree.hostHandles], [false, 2, 2]);
  assertEquals(resource.ownToHost(reps[0]!) === one, true);
  assertEquals(resource.hold(one), reps[0]);
  assertEquals([resource.size, one.disposed], [2, 0]);
});

Deno.test("host resource: one object may be given twice, and each has an end of its own", () => {
  const { resource } = make(), file = new File(), [a, b] = [resource.hold(file), resource.hold(file)];
  resource.destroy(a, undefined);
  resource.destroy(b, undefined);
  assertEquals([file.disposed, resource.size], [2, 0]);
});

Deno.test("host resource: what was lent is let go of when the call ends, and not disposed of", () => {
  const { resource } = make(), file = new File(), frame = new CallFrame();
  const rep = resource.borrowFromHost(file, frame);
  assertEquals([resource.borrowToHost(rep) === file, resource.size], [true, 1]);
  frame.end();
  assertEquals([resource.size, file.disposed], [0, 0]);
});

Deno.test("host resource: a call that does not happen gives back what was given away", () => {
  const { resource, tree } = make(), file = new File(), frame = new CallFrame();
  resource.ownFromHost(file, frame);
  resource.borrowFromHost(file, frame);
  frame.undo();
  assertEquals([resource.size, tree.hostHandles, file.disposed], [0, 0, 0]);
});

Deno.test("host resource: objects of other classes are refused, promises by name", () => {
  const { resource } = make();
  for (const value of [undefined, null, 1, {}]) {
    assertEquals(assertThrows(() => resource.hold(value), ValueError).code, "type-mismatch");
  }
  assertEquals(assertThrows(() => resource.hold(Promise.resolve(new File())), ValueError).code, "promise");
  assertEquals(resource.size, 0);
});

Deno.test("host resource: without a limit of its own, a tree's guests hold a million objects at most", () => {
  const { resource, tree } = make();
  tree.hostHandles = 1_000_000;
  assertEquals(assertThrows(() => resource.hold(new File()), Trap).code, "handle-limit");
  const own = make({ handles: 2_000_000 });
  own.tree.hostHandles = 1_000_000;
  assertEquals(own.resource.hold(new File()), 0);
});

Deno.test("host resource: at an instance's end a trap out of a disposer is nobody's; another exception is the host's own", () => {
  class Throws extends File {
    readonly error: unknown;
    constructor(error: unknown) {
      super();
      this.error = error;
    }
    override [Symbol.dispose](): void {
      throw this.error;
    }
  }
  const { resource } = make(), own = new RangeError("mine");
  resource.destroy(resource.hold(new Throws(new Trap("cannot-leave"))), undefined);
  assertEquals(assertThrows(() => resource.destroy(resource.hold(new Throws(own)), undefined)), own);
  assertEquals(resource.size, 0);
});
