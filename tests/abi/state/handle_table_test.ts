// The handle table: which index is given, what each handle allows, and its end: which handles come
// out, and for how much work.
// Spec: definitions.py `Table`, `ResourceHandle`, `lift_own`, `canon_resource_drop`.

import type { Rep } from "../../../abi/state/resource_runtime.ts";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { Trap } from "@windlass/component";
import { CallFrame } from "../../../abi/state/call_frame.ts";
import { HandleTable } from "../../../abi/state/handle_table.ts";
import { InstanceTree, type Limits } from "../../../abi/state/instance.ts";
import { HostResource } from "../../../abi/resources/host_resource.ts";
import { FakeResource } from "../../support/fake_resource.ts";
import { makeResourceType } from "../../../abi/types/resource_slots.ts";

const [kept, drained] = [0, 1].map((slot) =>
  new HostResource(makeResourceType(slot), { is: () => true }, new InstanceTree({}, 1))
);

Deno.test("draining takes the wanted handles, those added on the way at a passed index too", () => {
  const table = new HandleTable(new InstanceTree({}, 1));
  for (const rep of [10, 20, 30]) table.add(drained!, rep, undefined);
  const stays = table.add(kept!, 40, undefined);
  const reps: Rep[] = [];
  for (const { rep } of table.drain((type) => type === drained)) {
    reps.push(rep);
    if (rep === 20) table.add(drained!, 99, undefined); // takes index 2, which is behind
  }
  assertEquals(reps.sort((a, b) => Number(a) - Number(b)), [10, 20, 30, 99]);
  assertEquals(table.size, 1);
  assertEquals(table.rep(stays, kept!), 40);
});

Deno.test("draining looks at each handle a few times at most, however many there are", () => {
  const table = new HandleTable(new InstanceTree({}, 1)), count = 1000;
  for (let i = 0; i < count; i++) table.add(kept!, i, undefined);
  for (let i = 0; i < count; i++) table.add(drained!, i, undefined);
  let looks = 0;
  const found = [...table.drain((type) => {
    looks++;
    return type === drained;
  })];
  assertEquals(found.length, count);
  assert(looks <= 4 * count, `${looks} looks`);
});

const [one, other] = [new FakeResource(0), new FakeResource(1)];
const table = (limits: Limits = {}): HandleTable => new HandleTable(new InstanceTree({ limits }, 1));
/** The code of the trap, which has locked the tree down. */
function trapCode(table: HandleTable, action: () => unknown): string {
  const { code } = assertThrows(action, Trap);
  assertEquals(table.tree.lockedDown, true);
  return code;
}

Deno.test("handles are numbered from 1; the last that was freed is the next that is given", () => {
  const handles = table(), add = (rep: number): number => handles.add(one, rep, undefined);
  assertEquals([handles.size, add(10), add(20), add(30), handles.size], [0, 1, 2, 3, 3]);
  handles.drop(1, one);
  handles.drop(3, one);
  handles.takeOwn(2, one);
  assertEquals([handles.size, add(40), add(50), add(60), add(70)], [0, 2, 3, 1, 4]);
  assertEquals([2, 3, 1, 4].map((handle) => handles.rep(handle, one)), [40, 50, 60, 70]);
});

Deno.test("no handle: 0, one that was never given, one that was dropped, one that no table has", () => {
  for (const handle of [0, 2, 1, 2 ** 28, 2 ** 32 - 1]) {
    const handles = table();
    handles.add(one, 10, undefined);
    handles.drop(1, one);
    assertEquals(trapCode(handles, () => handles.rep(handle, one)), "unknown-handle");
  }
});

Deno.test("a handle of another type traps, whatever is done with it", () => {
  const actions: ((handles: HandleTable) => unknown)[] = [
    (handles) => handles.rep(1, other),
    (handles) => handles.takeOwn(1, other),
    (handles) => handles.lend(1, other, new CallFrame()),
    (handles) => handles.drop(1, other),
  ];
  for (const action of actions) {
    const handles = table();
    handles.add(one, 10, undefined);
    assertEquals(trapCode(handles, () => action(handles)), "wrong-handle-type");
    assertEquals(handles.size, 1);
  }
});

Deno.test("what is lent is neither dropped nor given away, an own handle or a borrow", () => {
  for (const scope of [undefined, new CallFrame()]) {
    const handles = table(), frame = new CallFrame();
    handles.add(one, 10, scope);
    handles.lend(1, one, frame);
    assertEquals(trapCode(handles, () => handles.drop(1, one)), "lent-handle");
    assertEquals(trapCode(handles, () => handles.takeOwn(1, one)), "lent-handle");
    frame.end();
    assertEquals(handles.drop(1, one), scope === undefined ? 10 : undefined);
  }
});

Deno.test("a handle that is used again owes nothing of its predecessor's", () => {
  const handles = table(), frame = new CallFrame();
  handles.add(one, 10, frame);
  handles.drop(1, one);
  assertEquals([handles.add(other, 20, undefined), frame.borrows], [1, 0]);
  assertEquals([handles.takeOwn(1, other), handles.size], [20, 0]);
});

Deno.test("the limit counts what was ever open at once", () => {
  const handles = table({ handles: 2 });
  handles.add(one, 10, undefined);
  handles.add(one, 20, undefined);
  handles.drop(1, one);
  assertEquals(handles.add(one, 30, undefined), 1);
  assertEquals(trapCode(handles, () => handles.add(one, 40, undefined)), "handle-limit");
});
