// The handle table's end: which handles come out, and for how much work.

import { assert, assertEquals } from "@std/assert";
import { HandleTable } from "../../../abi/state/handle_table.ts";
import { InstanceTree } from "../../../abi/state/instance.ts";
import { HostResource } from "../../../abi/resources/host_resource.ts";
import { makeResourceType } from "../../../abi/types/resource_slots.ts";

const [kept, drained] = [0, 1].map((slot) =>
  new HostResource(makeResourceType(slot), { is: () => true }, new InstanceTree({}, 1))
);

Deno.test("draining takes the wanted handles, those added on the way at a passed index too", () => {
  const table = new HandleTable(new InstanceTree({}, 1));
  for (const rep of [10, 20, 30]) table.add(drained!, rep, undefined);
  const stays = table.add(kept!, 40, undefined);
  const reps: number[] = [];
  for (const { rep } of table.drain((type) => type === drained)) {
    reps.push(rep);
    if (rep === 20) table.add(drained!, 99, undefined); // takes index 2, which is behind
  }
  assertEquals(reps.sort((a, b) => a - b), [10, 20, 30, 99]);
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
