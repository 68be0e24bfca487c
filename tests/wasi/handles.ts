// A browser's directory, as far as `directoryHandle` uses it, for runtimes that have none. Files are
// written through streams, whose bytes are there once they are closed, as on a page.

const failure = (name: string): Error => Object.assign(new Error(name), { name });

class FakeFile {
  readonly kind = "file";
  readonly name: string;
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array();
  modified: number = Date.now();

  constructor(name: string) {
    this.name = name;
  }

  getFile(): Promise<File> {
    return Promise.resolve(new File([this.bytes], this.name, { lastModified: this.modified }));
  }

  createWritable({ keepExistingData }: { keepExistingData: boolean }): Promise<unknown> {
    let bytes = keepExistingData ? this.bytes.slice() : new Uint8Array();
    const resized = (size: number): Uint8Array<ArrayBuffer> => {
      const all = new Uint8Array(size);
      all.set(bytes.subarray(0, size));
      return all;
    };
    return Promise.resolve({
      write: (params: { type: string; position: number; size: number; data: Uint8Array }): Promise<void> => {
        if (params.type === "truncate") bytes = resized(params.size);
        else {
          const { position, data } = params;
          if (position + data.length > bytes.length) bytes = resized(position + data.length);
          bytes.set(data, position);
        }
        return Promise.resolve();
      },
      close: (): Promise<void> => {
        this.bytes = bytes;
        this.modified = Date.now();
        return Promise.resolve();
      },
    });
  }
}

/** What moves do, in browsers that have them. */
export interface Moves {
  /** Whether one replaces what is there, as not every browser does. */
  readonly replaces: boolean;
  /** Whether they fail, and with what. */
  failure?: string | undefined;
}

/** A directory of a browser's. */
export class FakeDirectory {
  readonly kind = "directory";
  readonly name: string;
  readonly #entries = new Map<string, FakeFile | FakeDirectory>();
  /** Missing where browsers have no moves. */
  readonly #moves: Moves | undefined;

  constructor(name = "", moves?: Moves) {
    this.name = name;
    this.#moves = moves;
  }

  /** What `move` of a file in this directory does. */
  #mover(file: FakeFile): (folder: FakeDirectory, name: string) => Promise<void> {
    const moves = this.#moves!;
    return async (folder, name) => {
      await Promise.resolve();
      if (moves.failure !== undefined) throw failure(moves.failure);
      if (folder.#entries.has(name) && !moves.replaces) throw failure("InvalidModificationError");
      const present = [...this.#entries].find(([, entry]) => entry === file)![0];
      this.#entries.delete(present);
      folder.#entries.set(name, file);
    };
  }

  #child<T>(name: string, Kind: new (name: string) => T, create: boolean): Promise<T> {
    // What browsers refuse as a name.
    if (name === "" || name === "." || name === ".." || /[\\/]/.test(name)) return Promise.reject(new TypeError(name));
    const found = this.#entries.get(name);
    if (found === undefined && !create) return Promise.reject(failure("NotFoundError"));
    const child = found ?? new Kind(name) as FakeFile | FakeDirectory;
    if (!(child instanceof Kind)) return Promise.reject(failure("TypeMismatchError"));
    this.#entries.set(name, child);
    if (this.#moves !== undefined && child instanceof FakeFile) Object.assign(child, { move: this.#mover(child) });
    return Promise.resolve(child);
  }

  getFileHandle(name: string, { create = false }: { create?: boolean } = {}): Promise<unknown> {
    return this.#child(name, FakeFile, create);
  }

  getDirectoryHandle(name: string, { create = false }: { create?: boolean } = {}): Promise<FakeDirectory> {
    return this.#child(name, FakeDirectory, create);
  }

  removeEntry(name: string): Promise<void> {
    const found = this.#entries.get(name);
    if (found === undefined) return Promise.reject(failure("NotFoundError"));
    if (found instanceof FakeDirectory && found.#entries.size > 0) {
      return Promise.reject(failure("InvalidModificationError"));
    }
    this.#entries.delete(name);
    return Promise.resolve();
  }

  async *values(): AsyncGenerator<unknown> {
    yield* this.#entries.values();
  }
}
