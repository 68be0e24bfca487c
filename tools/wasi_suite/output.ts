// Text that arrives bit by bit, from a program's standard output or from a connection.
// In: chunks of bytes. Out: as much text as somebody waits for.

/** What was written and is not taken yet. */
export class Output {
  /** For what writes. */
  readonly stream: WritableStream<Uint8Array>;
  readonly #decoder = new TextDecoder();
  #text = "";
  #changed = Promise.withResolvers<void>();
  #ended = false;

  constructor() {
    this.stream = new WritableStream({ write: (bytes) => this.add(bytes) });
  }

  get text(): string {
    return this.#text;
  }

  add(bytes: Uint8Array): void {
    this.#text += this.#decoder.decode(bytes, { stream: true });
    this.#wake();
  }

  /** Nothing more will come: whoever still waits gets what there is. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  /** Takes this text from the beginning, once it is there. Says what was found instead. */
  async take(wanted: string): Promise<string | undefined> {
    await this.#until(() => this.#text.length >= wanted.length);
    const found = this.#text.slice(0, wanted.length);
    if (found !== wanted) return `found ${JSON.stringify(found)}, expected ${JSON.stringify(wanted)}`;
    this.#text = this.#text.slice(wanted.length);
  }

  /** Takes the first line. */
  async line(): Promise<string> {
    await this.#until(() => this.#text.includes("\n"));
    const [line = "", ...rest] = this.#text.split("\n");
    this.#text = rest.join("\n");
    return line;
  }

  async #until(holds: () => boolean): Promise<void> {
    while (!holds() && !this.#ended) await this.#changed.promise;
  }
}
