// The end of a guest by its own wish.

/**
 * Thrown by `wasi:cli/exit`: comes out of the export that the guest was called by. The process goes
 * on.
 */
export class ExitError extends Error {
  /** Always `ExitError`. */
  override readonly name = "ExitError";
  /** The code that the guest exits with: 0 is success. */
  readonly exitCode: number;

  /** Made by the library only. */
  constructor(exitCode: number) {
    super(`the guest exits with code ${exitCode}`);
    this.exitCode = exitCode;
  }
}
