// What wasi-testsuite says about a program: a JSON file beside it, as operations in order.
// In: the text of the file. Out: operations, of older descriptions too.

/** One operation of a description. */
export interface Operation {
  readonly type: string;
  readonly id?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly dirs?: readonly string[];
  readonly payload?: string;
  readonly exit_code?: number;
  readonly method?: string;
  readonly path?: string;
  readonly response?: Answer;
}
/** What a request is answered by. */
export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}
/** A description: operations, or what an older one says. */
interface Description {
  readonly world?: string;
  readonly operations?: readonly Operation[];
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly dirs?: readonly string[];
  readonly exit_code?: number;
  readonly stdout?: string;
  readonly stderr?: string;
}

/** Reads a description. `isService` says that the program answers requests. */
export function described(json: string): { operations: readonly Operation[]; isService: boolean } {
  const description = JSON.parse(json) as Description;
  return { operations: operationsOf(description), isService: description.world === "wasi:http/service" };
}

function operationsOf(
  { operations, args, env, dirs, exit_code = 0, stdout, stderr }: Description,
): readonly Operation[] {
  if (operations !== undefined) {
    return operations.map((operation) =>
      operation.type === "run" && dirs !== undefined ? { dirs, ...operation } : operation
    );
  }
  return [
    { type: "run", ...args && { args }, ...env && { env }, ...dirs && { dirs } },
    ...(stdout === undefined ? [] : [{ type: "read", id: "stdout", payload: stdout }]),
    ...(stderr === undefined ? [] : [{ type: "read", id: "stderr", payload: stderr }]),
    { type: "wait", exit_code },
  ];
}
