// Checks of a script that `deno test` does not run: each is reported as it ends, all of them in the
// last line, as Deno's runner has it.

let passed = 0, failed = 0;

/** Reports one outcome. */
export function report(name: string, failure?: string): void {
  if (failure === undefined) passed++;
  else failed++;
  console.log(`${name} ... ${failure === undefined ? "ok" : `FAILED\n${failure}`}`);
}

/** Runs one and reports it. */
export async function check(name: string, action: () => Promise<void>): Promise<void> {
  try {
    await action();
    report(name);
  } catch (error) {
    report(name, String((error as Error)?.stack ?? error));
  }
}

/** Ends the process with how many there were of each outcome. */
export function finish(): never {
  console.log(`\n${failed === 0 ? "ok" : "FAILED"} | ${passed} passed | ${failed} failed`);
  Deno.exit(failed > 0 ? 1 : 0);
}
