// What a file system in memory is made of: files, folders and links, with their times and names
// counted. What they take together is bounded.

import { MAX_MEMORY_BYTES, MAX_MEMORY_NAMES } from "../base/limits.ts";
import type { FileStat, FileTimes } from "./file_system.ts";

/** A failure by the system's name for it. */
export function failure(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}

/** Nanoseconds since the epoch. */
function now(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}

/** What all nodes of one file system take. */
export class Room {
  #bytes = 0;
  #names = 0;
  #lastId = 0n;

  /** The number of a new node. */
  nextId(): bigint {
    return ++this.#lastId;
  }

  /** One more name. */
  enter(): void {
    if (this.#names >= MAX_MEMORY_NAMES) throw failure("ENOSPC", "too many names in memory");
    this.#names++;
  }

  /** A name is gone. */
  leave(): void {
    this.#names--;
  }

  /** So many bytes more, or less. */
  grow(bytes: number): void {
    if (this.#bytes + bytes > MAX_MEMORY_BYTES) throw failure("ENOSPC", "too many bytes in memory");
    this.#bytes += bytes;
  }
}

/** What all kinds of nodes have. */
abstract class Base {
  protected readonly room: Room;
  readonly id: bigint;
  abstract readonly type: FileStat["type"];
  /** How many names it has. */
  links = 1;
  #accessed: bigint = now();
  #modified: bigint = this.#accessed;
  #changed: bigint = this.#accessed;

  constructor(room: Room) {
    this.room = room;
    this.id = room.nextId();
  }

  protected abstract get size(): number;

  stat(): FileStat {
    return {
      type: this.type,
      size: BigInt(this.size),
      id: this.id,
      links: BigInt(this.links),
      accessed: this.#accessed,
      modified: this.#modified,
      changed: this.#changed,
    };
  }

  setTimes({ accessed, modified }: FileTimes): void {
    if (accessed !== undefined) this.#accessed = accessed;
    if (modified !== undefined) this.#modified = modified;
    this.#changed = now();
  }

  /** It was read. */
  protected touchRead(): void {
    this.#accessed = now();
  }

  /** It was changed. */
  touch(): void {
    this.#modified = this.#changed = now();
  }

  /** A name of it is gone. */
  unlink(): void {
    this.#changed = now();
    this.room.leave();
    if (--this.links === 0) this.unused();
  }

  /** It has no name any more. */
  protected unused(): void {}
}

/** A file. */
export class FileNode extends Base {
  readonly type = "regular-file";
  #bytes = new Uint8Array();
  #size = 0;
  /** How many have it open. */
  #users = 0;

  get size(): number {
    return this.#size;
  }

  /** Everything in it, as a copy. */
  contents(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#size);
  }

  read(into: Uint8Array, position: number): number {
    const part = this.#bytes.subarray(Math.min(position, this.#size), Math.min(position + into.length, this.#size));
    into.set(part);
    this.touchRead();
    return part.length;
  }

  write(bytes: Uint8Array, position: number): number {
    const end = position + bytes.length;
    if (end > this.#size) this.#reserve(end);
    this.#bytes.set(bytes, position);
    if (end > this.#size) this.#size = end;
    this.touch();
    return bytes.length;
  }

  setSize(size: number): void {
    if (size > this.#size) this.#reserve(size);
    // What is cut off must read as zeros if the file grows again.
    else this.#bytes.fill(0, size, this.#size);
    this.#size = size;
    this.touch();
  }

  /** Room for so many bytes, and for some more where a file grows on. */
  #reserve(size: number): void {
    if (size > MAX_MEMORY_BYTES) throw failure("EFBIG", "a file in memory");
    const present = this.#bytes.length;
    if (size <= present) return;
    const wanted = Math.max(size, Math.min(present * 2, MAX_MEMORY_BYTES));
    this.room.grow(wanted - present);
    let larger: Uint8Array<ArrayBuffer>;
    try {
      larger = new Uint8Array(wanted);
    } catch {
      this.room.grow(present - wanted);
      throw failure("ENOSPC", "no memory for a file");
    }
    larger.set(this.#bytes);
    this.#bytes = larger;
  }

  /** One more has it open. */
  open(): void {
    this.#users++;
  }

  /** One less. */
  close(): void {
    this.#users--;
    this.#free();
  }

  protected override unused(): void {
    this.#free();
  }

  #free(): void {
    if (this.#users > 0 || this.links > 0) return;
    this.room.grow(-this.#bytes.length);
    this.#bytes = new Uint8Array();
    this.#size = 0;
  }
}

/** A link: what it says. */
export class LinkNode extends Base {
  readonly type = "symbolic-link";
  readonly content: string;

  constructor(room: Room, content: string) {
    super(room);
    this.content = content;
  }

  get size(): number {
    return this.content.length;
  }
}

/** A folder: names of nodes. */
export class FolderNode extends Base {
  readonly type = "directory";
  readonly entries: Map<string, Node> = new Map();

  get size(): number {
    return this.entries.size;
  }
}

/** Anything that may have a name. */
export type Node = FileNode | LinkNode | FolderNode;
