// Child resources: what WASI's interfaces want dropped before its parent is.
// A parent counts its children in; a child tells when it is dropped or given away; the parent asks
// before it goes.

import { Trap } from "../../errors.ts";

/** The living children of one resource. */
export class Children {
  #living = 0;

  /** Counts a child in. What is returned counts it out; a second call does nothing. */
  add(): () => void {
    let living = true;
    this.#living++;
    return () => {
      if (living) this.#living--;
      living = false;
    };
  }

  /**
   * Traps if a child is alive. `action` and `child` name what the guest does and what it should
   * have dropped first.
   */
  mustBeGone(action: string, child: string): void {
    if (this.#living > 0) throw new Trap("interface-rule", `${action} while its child \`${child}\` is alive`);
  }
}
