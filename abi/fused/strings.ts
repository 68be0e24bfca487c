// Strings from guest to guest: which ranges are checked, how the callee's realloc is asked, and
// which kernel copies. The order of these steps is that of transcode.ts.
// A direction enters, a function `(pointer, tagged units) → (pointer, tagged units)` leaves.
// Spec: definitions.py `load_string_from_range`, `store_string_into_range`.

import { MAX_STRING_BYTE_LENGTH } from "../codecs/strings.ts";
import { type Code, type FuncRef, op } from "../wasm/code.ts";
import { type AddressOps, addressOps, rangeType } from "./addresses.ts";
import { directionKey, type Emitter } from "./emitter.ts";
import type { Direction } from "./places.ts";
import {
  copyAscii,
  copyBytes,
  copyUtf8,
  decodeUtf8,
  type Form,
  narrowing,
  narrowInPlace,
  rest,
  utf16To8,
  validUtf16,
  widen,
  widenInPlace,
} from "./text_kernels.ts";

const OUT_OF_BOUNDS = "string-content-out-of-bounds";

/** Copies a string: `(pointer, tagged units) → (pointer, tagged units)`. */
export function stringFunc(emitter: Emitter, direction: Direction): FuncRef {
  const type = rangeType(direction);
  return emitter.func(`string ${directionKey(direction)}`, type, (code) => emitString(emitter, direction, code));
}

/** Writes the body. */
function emitString(emitter: Emitter, direction: Direction, code: Code): void {
  const writer = new StringWriter(emitter, direction, code), { encoding, address } = direction.from;
  if (encoding !== "latin1+utf16") return writer.from(encoding);
  const { push, utf16Tag, geU, xor } = addressOps[address];
  push(code.get(1), utf16Tag).do(geU).if();
  push(code.get(1), utf16Tag).do(xor).set(1);
  writer.from("utf16");
  code.do(op.return).end();
  writer.from("latin1");
}

class StringWriter {
  readonly #emitter: Emitter;
  readonly #direction: Direction;
  readonly #code: Code;
  readonly #from: AddressOps;
  readonly #to: AddressOps;
  /** The source: the first parameter. */
  readonly #source = 0;
  /** Its code units: an i32. In a 64-bit memory they are checked before they become one. */
  readonly #units: number;
  /** Where the string goes. */
  readonly #target: number;
  /** Scratch of the kernels: the places up to which they have read and written. */
  readonly #read: number;
  readonly #written: number;

  constructor(emitter: Emitter, direction: Direction, code: Code) {
    this.#emitter = emitter;
    this.#direction = direction;
    this.#code = code;
    const from = this.#from = addressOps[direction.from.address], to = this.#to = addressOps[direction.to.address];
    this.#units = from.type === "i32" ? 1 : code.local("i32");
    this.#target = code.local(to.type);
    this.#read = code.local(from.type);
    this.#written = code.local(to.type);
  }

  /** Leaves the pointer and the tagged units of the new string on the stack. */
  from(form: Form): void {
    this.#check(form);
    const { from, to } = this.#direction;
    switch (to.encoding) {
      case "utf8":
        if (form === "utf8") return this.#copy(form, 1);
        return this.#toUtf8(form, form === "utf16" ? 3 : 2);
      case "utf16":
        return form === "utf8" ? this.#utf8ToUtf16() : form === "utf16" ? this.#copy(form, 2) : this.#widened();
      case "latin1+utf16":
        if (form === "latin1") return this.#copy(form, 2);
        return from.encoding === "latin1+utf16" ? this.#probablyUtf16() : this.#toLatin1OrUtf16(form);
    }
  }

  /** Checks the range of the source, and counts its bytes. */
  #check(form: Form): void {
    const code = this.#code, emitter = this.#emitter, { from } = this.#direction, bytes = code.local("i64");
    emitter.checkAligned(code, from.memory, this.#source, from.encoding === "utf8" ? 1 : 2);
    // The units are compared, and not their bytes, which 64 bits may not hold.
    const most = form === "utf16" ? Math.floor(MAX_STRING_BYTE_LENGTH / 2) : MAX_STRING_BYTE_LENGTH;
    code.get(1).do(...this.#from.toI64).tee(bytes).i64(most).do(op.i64GtU);
    emitter.fault(code, OUT_OF_BOUNDS);
    if (this.#units !== 1) code.get(1).do(...this.#from.toI32).set(this.#units);
    if (form === "utf16") code.get(bytes).i64(1).do(op.i64Shl).set(bytes);
    emitter.checkInBounds(code, from.memory, this.#source, () => code.get(bytes), OUT_OF_BOUNDS);
    emitter.charge(code, bytes);
  }

  /** Pushes a number of units times a factor. */
  #times(factor: number): void {
    this.#code.get(this.#units);
    if (factor === 3) this.#code.i32(3).do(op.i32Mul);
    else if (factor === 2) this.#code.i32(1).do(op.i32Shl);
  }

  /** Allocates the target. */
  #allocate(alignment: number, factor: number): void {
    this.#code.i32(alignment);
    this.#times(factor);
    this.#emitter.allocate(this.#code, this.#direction.to, OUT_OF_BOUNDS);
    this.#code.set(this.#target);
  }

  /** Allocates it anew. The functions push its size until now and its new size. */
  #reallocate(alignment: number, old: () => void, size: () => void): void {
    this.#code.get(this.#target);
    old();
    this.#code.i32(alignment);
    size();
    this.#emitter.reallocate(this.#code, this.#direction.to, OUT_OF_BOUNDS);
    this.#code.set(this.#target);
  }

  /** Leaves the result. `units` pushes the code units as an i32. */
  #pushResult(units: () => void, tagged = false): void {
    const { fromI32, push, utf16Tag, or } = this.#to;
    this.#code.get(this.#target);
    units();
    this.#code.do(...fromI32);
    if (tagged) push(this.#code, utf16Tag).do(or);
  }

  #pushUnits(): void {
    this.#code.get(this.#units);
  }

  /** Pushes what the kernel has written: bytes, as an i32. */
  #pushWritten(): void {
    this.#code.get(this.#written).get(this.#target).do(this.#to.sub, ...this.#to.toI32);
  }

  /** Pushes the end of the source. */
  #pushEnd(form: Form): void {
    this.#code.get(this.#source);
    this.#times(form === "utf16" ? 2 : 1);
    this.#code.do(...this.#from.fromI32, this.#from.add);
  }

  /** Runs code if the kernel has not read everything. */
  #ifLeft(form: Form, run: () => void): void {
    this.#code.get(this.#read);
    this.#pushEnd(form);
    this.#code.do(this.#from.ne).if();
    run();
    this.#code.end();
  }

  /** Validates the source where it is. */
  #validate(form: "utf16" | "latin1"): void {
    const code = this.#code, { memory } = this.#direction.from;
    if (form === "latin1") return;
    code.get(this.#source);
    this.#pushEnd(form);
    code.call(validUtf16(this.#emitter, memory)).do(op.i32Eqz);
    this.#emitter.fault(code, "invalid-utf16");
  }

  /** `store_string_copy` of the same code units. */
  #copy(form: Form, alignment: number): void {
    const factor = form === "utf16" ? 2 : 1;
    if (form === "utf8") {
      this.#allocate(alignment, factor);
      this.#kernel(copyUtf8(this.#emitter, this.#direction), form);
      return this.#pushResult(() => this.#pushUnits());
    }
    this.#validate(form);
    this.#allocate(alignment, factor);
    this.#code.get(this.#target).get(this.#source);
    this.#times(factor);
    this.#code.call(copyBytes(this.#emitter, this.#direction));
    this.#pushResult(() => this.#pushUnits());
  }

  /** `store_string_copy` of latin1 to UTF-16. */
  #widened(): void {
    this.#allocate(2, 2);
    this.#kernel(widen(this.#emitter, this.#direction), "latin1");
    this.#pushResult(() => this.#pushUnits());
  }

  /** Calls `(from, end, to) → (read, written)`. */
  #kernel(func: { index: number }, form: Form, again = false): void {
    const code = this.#code;
    code.get(again ? this.#read : this.#source);
    this.#pushEnd(form);
    code.get(again ? this.#written : this.#target).call(func).set(this.#written).set(this.#read);
  }

  /** After the target has moved: the place up to which the kernel had written `bytes` moves, too. */
  #moveWritten(bytes: number): void {
    this.#code.get(this.#target).get(bytes).do(...this.#to.fromI32, this.#to.add).set(this.#written);
  }

  /** `store_string_to_utf8`. */
  #toUtf8(form: "utf16" | "latin1", worst: number): void {
    const code = this.#code, ascii = code.local("i32");
    this.#allocate(1, 1);
    this.#kernel(copyAscii(this.#emitter, this.#direction, form), form);
    this.#ifLeft(form, () => {
      this.#pushWritten();
      code.set(ascii);
      this.#reallocate(1, () => this.#pushUnits(), () => this.#times(worst));
      this.#moveWritten(ascii);
      this.#kernel(utf16To8(this.#emitter, this.#direction, form), form, true);
      const size = code.local("i32");
      this.#pushWritten();
      code.tee(size);
      this.#times(worst);
      code.do(op.i32Ne).if();
      this.#reallocate(1, () => this.#times(worst), () => code.get(size));
      code.end();
      code.get(size).set(this.#units);
    });
    this.#pushResult(() => this.#pushUnits());
  }

  /** `store_utf8_to_utf16`. */
  #utf8ToUtf16(): void {
    const code = this.#code, size = code.local("i32");
    this.#allocate(2, 2);
    this.#kernel(decodeUtf8(this.#emitter, this.#direction), "utf8");
    this.#shrink(size);
    this.#pushResult(() => code.get(size).i32(1).do(op.i32ShrU));
  }

  /** Gives back what is not written of `2 * units` bytes. Sets a local to what is. */
  #shrink(size: number): void {
    const code = this.#code;
    this.#pushWritten();
    code.tee(size);
    this.#times(2);
    code.do(op.i32Ne).if();
    this.#reallocate(2, () => this.#times(2), () => code.get(size));
    code.end();
  }

  /** `store_string_to_latin1_or_utf16`. */
  #toLatin1OrUtf16(source: "utf8" | "utf16"): void {
    const code = this.#code, narrow = code.local("i32"), size = code.local("i32");
    this.#allocate(2, 1);
    this.#kernel(narrowing(this.#emitter, this.#direction, source), source);
    this.#pushWritten();
    code.set(narrow);
    this.#ifLeft(source, () => {
      this.#reallocate(2, () => this.#pushUnits(), () => this.#times(2));
      // What was narrow is made wide, from its end on.
      code.get(this.#target).get(narrow).call(widenInPlace(this.#emitter, this.#direction.to.memory));
      code.get(narrow).i32(1).do(op.i32Shl).set(narrow);
      this.#moveWritten(narrow);
      this.#kernel(rest(this.#emitter, this.#direction, source), source, true);
      this.#shrink(size);
      this.#pushResult(() => code.get(size).i32(1).do(op.i32ShrU), true);
      code.do(op.return);
    });
    code.get(narrow).get(this.#units).do(op.i32Ne).if();
    this.#reallocate(2, () => this.#pushUnits(), () => code.get(narrow));
    code.end();
    this.#pushResult(() => code.get(narrow));
  }

  /** `store_probably_utf16_to_latin1_or_utf16`. */
  #probablyUtf16(): void {
    const code = this.#code, { to } = this.#direction;
    this.#validate("utf16");
    this.#allocate(2, 2);
    code.get(this.#target).get(this.#source);
    this.#times(2);
    code.call(copyBytes(this.#emitter, this.#direction));
    code.get(this.#target).get(this.#units).call(narrowInPlace(this.#emitter, to.memory)).do(op.i32Eqz).if();
    this.#pushResult(() => this.#pushUnits(), true);
    code.do(op.return).end();
    this.#reallocate(1, () => this.#times(2), () => this.#pushUnits());
    this.#pushResult(() => this.#pushUnits());
  }
}
