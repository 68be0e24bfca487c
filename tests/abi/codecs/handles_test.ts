// Handles in values: what leaves the table and what enters it, what is lent and for how long, and
// what a failed call takes back.
// Spec: definitions.py `lift_own`, `lift_borrow`, `lower_own`, `lower_borrow`.

import { assertEquals } from "@std/assert";
import { CallFrame } from "../../../abi/state/call_frame.ts";
import type { AddressType, CoreValue } from "../../../abi/types/core_values.ts";
import type { Codec } from "../../../abi/codecs/codec.ts";
import { _, assertTraps } from "../../support/codec_rows.ts";
import { addresses, codecOf, FakeGuest, liftFlat, load, lowerFlat, store } from "../../support/fake_guest.ts";
import { FakeResource } from "../../support/fake_resource.ts";

interface Scene {
  readonly guest: FakeGuest;
  readonly resource: FakeResource;
  readonly own: Codec;
  readonly borrow: Codec;
  readonly frame: CallFrame;
}

/** A guest, and a resource type that another component instance defined: or itself. */
function scene(address: AddressType, host: boolean, defines = false): Scene {
  const guest = new FakeGuest({ address, encoding: "utf8", host });
  const resource = new FakeResource(0, defines ? guest.inst : undefined), { type } = resource;
  guest.tree.resources.push(resource);
  return {
    guest,
    resource,
    own: codecOf({ kind: "own", resource: type }, address),
    borrow: codecOf({ kind: "borrow", resource: type }, address),
    frame: new CallFrame(),
  };
}

for (const address of addresses) {
  for (const host of [true, false]) {
    const neighbour = host ? "the host" : "a guest", object = (rep: number) => host ? `object ${rep}` : rep;

    Deno.test(`handles: ${address}, ${neighbour}: own is lowered to a new handle, and lifting takes it out`, () => {
      const { guest, own, frame, resource } = scene(address, host), { handles } = guest.inst;
      assertEquals(lowerFlat(guest, own, object(7), frame), [1]); // an i32 with any memory; 0 is no handle
      assertEquals(lowerFlat(guest, own, object(8), frame), [2]);
      assertEquals([handles.rep(1, resource), handles.rep(2, resource), frame.borrows], [7, 8, 0]);
      assertEquals(liftFlat(guest, own, [1], frame), object(7));
      assertEquals(handles.size, 1);
      assertEquals(lowerFlat(guest, own, object(9), frame), [1]); // the last that was freed
      assertEquals(own.liftCore!(guest.cx, 1, frame), object(9));
      assertTraps(guest, "unknown-handle", () => liftFlat(guest, own, [1], frame));
    });

    Deno.test(`handles: ${address}, ${neighbour}: a handle is four bytes of memory`, () => {
      const { guest, own, borrow, frame, resource } = scene(address, host);
      for (const codec of [own, borrow]) {
        store(guest, codec, object(7), 0x40, frame);
        assertEquals(guest.bytes(0x3f, 6), [_, 1, 0, 0, 0, _]);
        // A guest gives away, or lends, what it owns.
        if (codec === borrow) {
          assertEquals(guest.inst.handles.drop(1, resource), undefined);
          assertEquals(guest.inst.handles.add(resource, 7, undefined), 1);
        }
        assertEquals(load(guest, codec, 0x40, frame), object(7));
      }
    });

    Deno.test(`handles: ${address}, ${neighbour}: borrow is lowered to a handle that the callee owes`, () => {
      const { guest, borrow, own, frame, resource } = scene(address, host), { handles } = guest.inst;
      assertEquals([lowerFlat(guest, borrow, object(7), frame), frame.borrows], [[1], 1]);
      assertEquals([lowerFlat(guest, borrow, object(8), frame), frame.borrows], [[2], 2]);
      assertEquals([handles.drop(1, resource), frame.borrows], [undefined, 1]);
      assertTraps(guest, "own-from-borrow", () => liftFlat(guest, own, [2], frame));
    });

    Deno.test(`handles: ${address}, ${neighbour}: where the resource was defined, borrow is the representation`, () => {
      const { guest, borrow, frame } = scene(address, host, true);
      assertEquals(lowerFlat(guest, borrow, object(7), frame), [7]);
      assertEquals([guest.inst.handles.size, frame.borrows], [0, 0]);
    });

    Deno.test(`handles: ${address}, ${neighbour}: what is lifted as borrow is lent until the call ends`, () => {
      const { guest, own, borrow, frame, resource } = scene(address, host), { handles } = guest.inst;
      handles.add(resource, 7, undefined);
      // Twice in one call, as two parameters may.
      for (let i = 0; i < 2; i++) assertEquals(liftFlat(guest, borrow, [1], frame), object(7));
      frame.end();
      assertEquals(liftFlat(guest, own, [1], new CallFrame()), object(7));

      handles.add(resource, 8, undefined);
      const other = new CallFrame();
      liftFlat(guest, borrow, [1], other);
      assertTraps(guest, "lent-handle", () => liftFlat(guest, own, [1], new CallFrame()));
    });

    Deno.test(`handles: ${address}, ${neighbour}: a borrowed handle may be lent on`, () => {
      const { guest, borrow, frame, resource } = scene(address, host);
      assertEquals(lowerFlat(guest, borrow, object(7), frame), [1]);
      const inner = new CallFrame();
      assertEquals(liftFlat(guest, borrow, [1], inner), object(7));
      inner.end();
      assertEquals(guest.inst.handles.drop(1, resource), undefined);
    });

    Deno.test(`handles: ${address}, ${neighbour}: a call that does not happen takes its handles back`, () => {
      const { guest, own, borrow, frame, resource } = scene(address, host), { handles } = guest.inst;
      lowerFlat(guest, own, object(7), frame);
      lowerFlat(guest, borrow, object(8), frame);
      resource.asked.length = 0;
      frame.undo();
      assertEquals([handles.size, frame.borrows], [0, 0]);
      // What was moved first comes back last, and what was lent ends at the end.
      assertEquals(resource.asked, host ? ["back to host object 7", "end of borrow object 8"] : []);
      assertEquals(handles.add(resource, 9, undefined), 1); // freed last
    });

    Deno.test(`handles: ${address}, ${neighbour}: an index that is none, or of another type, traps`, () => {
      const indices: readonly CoreValue[] = [0, 1, 2, -1, 2 ** 31 - 1];
      for (const index of indices) {
        for (const kind of ["own", "borrow"] as const) {
          const { guest, frame, ...codecs } = scene(address, host), other = new FakeResource(1);
          guest.tree.resources.push(other);
          guest.inst.handles.add(other, 7, undefined);
          const code = index === 1 ? "wrong-handle-type" : "unknown-handle";
          assertTraps(guest, code, () => liftFlat(guest, codecs[kind], [index], frame));
        }
      }
    });
  }
}
