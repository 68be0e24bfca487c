// A resource type without a guest or a host behind it: it notes what codecs ask of it.

import type { CallFrame } from "../../abi/state/call_frame.ts";
import type { ComponentInstance } from "../../abi/state/instance.ts";
import type { ResourceRuntime } from "../../abi/state/resource_runtime.ts";
import { makeResourceType } from "../../abi/types/resource_slots.ts";
import type { ResourceType } from "../../abi/types/types.ts";

/** What a host has for representation n is the text `object n`. */
export class FakeResource implements ResourceRuntime {
  readonly type: ResourceType;
  readonly node: ComponentInstance | undefined;
  readonly asked: string[] = [];

  /** @param slot Where instance trees keep it. */
  constructor(slot: number, node?: ComponentInstance) {
    this.type = makeResourceType(slot, `r${slot}`);
    this.node = node;
  }

  describe(): string {
    return `resource ${this.type.name}`;
  }

  ownToHost(rep: number): string {
    this.asked.push(`own to host ${rep}`);
    return `object ${rep}`;
  }

  borrowToHost(rep: number): string {
    this.asked.push(`borrow to host ${rep}`);
    return `object ${rep}`;
  }

  ownFromHost(value: unknown, frame: CallFrame): number {
    this.asked.push(`own from host ${value}`);
    frame.onFailure(() => this.asked.push(`back to host ${value}`));
    return Number(String(value).slice("object ".length));
  }

  borrowFromHost(value: unknown, frame: CallFrame): number {
    this.asked.push(`borrow from host ${value}`);
    frame.atEnd(() => this.asked.push(`end of borrow ${value}`));
    return Number(String(value).slice("object ".length));
  }

  destroy(rep: number): void {
    this.asked.push(`destroy ${rep}`);
  }
}
