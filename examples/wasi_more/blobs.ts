// demo:blobs, an interface of this example's own: contents by name, read and written as WASI's
// streams, with a pollable for changes. It shows what `wasiResources` is for.

import { err, type Imports } from "@windlass/component";
import { wasiResources } from "@windlass/component/wasi";

/** Bytes that a guest may write to one blob. */
const MAX_BLOB = 1 << 24;
/** Names that have contents, and names that somebody waits for. */
const MAX_NAMES = 100;

/** Contents: bytes, or what gives a stream of them each time. */
export type BlobSource = Uint8Array | (() => ReadableStream<Uint8Array>);

/** Named contents, which a program and its guests share. */
export class Blobs {
  readonly #sources = new Map<string, BlobSource>();
  /** What is waited for, by the name of the blob that is to change. */
  readonly #changes = new Map<string, PromiseWithResolvers<void>>();

  /** Whether there is no room for one more name. */
  #isFull(names: ReadonlyMap<string, unknown>, name: string): boolean {
    return names.size >= MAX_NAMES && !names.has(name);
  }

  /** Contents of a name. */
  get(name: string): BlobSource | undefined {
    return this.#sources.get(name);
  }

  /** Sets them, and tells those who wait. */
  set(name: string, source: BlobSource): void {
    this.#sources.set(name, source);
    this.#changes.get(name)?.resolve();
    this.#changes.delete(name);
  }

  /** Settles when they are set next. Nobody waits for more than so many names. */
  changed(name: string): Promise<void> {
    if (this.#isFull(this.#changes, name)) {
      throw new RangeError(`${MAX_NAMES} names are waited for`);
    }
    const change = this.#changes.get(name) ?? Promise.withResolvers<void>();
    this.#changes.set(name, change);
    return change.promise;
  }

  /** Keeps what is written; sets it when the stream is closed, and never a part of it. */
  #writable(name: string): WritableStream<Uint8Array> {
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    let length = 0;
    return new WritableStream({
      write: (chunk) => {
        length += chunk.length;
        if (length > MAX_BLOB) {
          throw new Error(`a blob of more than ${MAX_BLOB} bytes`);
        }
        chunks.push(chunk.slice());
      },
      close: async () => {
        const bytes = new Uint8Array(await new Blob(chunks).arrayBuffer());
        // Other guests may have made as many meanwhile.
        if (!this.#isFull(this.#sources, name)) this.set(name, bytes);
      },
    });
  }

  /** Imports of `demo:blobs/blobs`. */
  imports(): Imports {
    return {
      "demo:blobs/blobs@0.1.0": {
        read: (name: string) => {
          const source = this.#sources.get(name);
          return source &&
            wasiResources.inputStream(source instanceof Uint8Array ? source : source());
        },
        write: (name: string) => {
          if (this.#isFull(this.#sources, name)) {
            return err(`there are ${MAX_NAMES} blobs`);
          }
          return wasiResources.outputStream(this.#writable(name));
        },
        changed: (name: string) => {
          if (this.#isFull(this.#changes, name)) {
            return err(`${MAX_NAMES} names are waited for`);
          }
          return wasiResources.pollable(this.changed(name));
        },
      },
    };
  }
}
