// `serve`: a handler of HTTP requests at an address, until the process is asked to end.

import { Trap } from "../../errors.ts";
import { serveWith } from "../wasi/serve.ts";
import { listen } from "../wasi/mod.ts";
import { noteRequestTrailers, requestTrailers } from "../wasi/http_trailers.ts";
import { type Arguments, executionBounds, integer, noMore, UsageError, wasiOptions } from "./arguments.ts";
import { compileFile } from "./compiled.ts";
import { describe } from "./mends.ts";
import { RequestLog } from "./request_log.ts";
import { currentTerminal, END_SIGNALS, type EndSignal, tell, type Terminal } from "./terminal.ts";

type Handler = (request: Request) => Promise<Response>;

/** Serves FILE; gives the exit code when it is asked to end. */
export async function serveCommand(given: Arguments): Promise<number> {
  const { file, values, rest } = given, terminal = currentTerminal();
  const address = /^(?:\[([^\]]+)\]|([^:]*)):(\d+)$/.exec(values["addr"] as string);
  if (address === null || Number(address[3]) > 65535) {
    throw new UsageError(`--addr must be HOST:PORT, as 127.0.0.1:8080 or [::1]:8080, found ${values["addr"]}`);
  }
  noMore(rest);
  const [, v6, host, port] = address;
  const max = integer("instances", values, 1, 100_000), uses = integer("reuse", values, 1, Number.MAX_SAFE_INTEGER);
  if (uses !== undefined && max === undefined) {
    throw new UsageError("--reuse needs --instances N: without it, each instance has one request");
  }
  const { limits = {} } = executionBounds(values);
  const log = new RequestLog(terminal, { quiet: values["quiet"] === true, trace: values["trace"] === true });
  const options = {
    ...wasiOptions(given, terminal),
    limits,
    ...max === undefined ? {} : { instances: { max } },
  };
  const { handler, end } = await serveWith(await compileFile(given), options, {
    uses,
    guest: log.guest,
    onError: (error, request) => log.line(request, failure(error)),
  });
  const { deadline } = limits, bounded = deadline === undefined ? handler : within(deadline, handler, log);
  const server = await listen(log.around(bounded), { hostname: v6 ?? (host || "127.0.0.1"), port: Number(port) });
  tell(`serving ${file} at ${server.url}\n`);
  return await untilAsked(terminal, async () => {
    await server.close();
    await end();
  });
}

/** The failure of a handler, in one line. */
function failure(error: unknown): string {
  return error instanceof Trap ? describe(error) : `error: ${(error as Error)?.message ?? error}`;
}

/** Answers 504 if a response has not begun in time, and ends the request. */
function within(ms: number, handler: Handler, log: RequestLog): Handler {
  return async (request) => {
    const late = new AbortController();
    const bounded = new Request(request, { signal: AbortSignal.any([request.signal, late.signal]) });
    const trailers = requestTrailers(request);
    if (trailers !== undefined) noteRequestTrailers(bounded, trailers);
    log.standsFor(bounded, request);
    let timer: ReturnType<typeof setTimeout>;
    const timeout = new Promise<Response>((resolve) => {
      timer = setTimeout(() => {
        late.abort(new Error(`the response did not begin within ${ms} ms`));
        resolve(new Response("Gateway Timeout\n", { status: 504 }));
      }, ms);
    });
    const answered = handler(bounded);
    answered.then((response) => {
      if (late.signal.aborted) response.body?.cancel(late.signal.reason).catch(() => {});
    }, () => {});
    try {
      return await Promise.race([answered, timeout]);
    } finally {
      clearTimeout(timer!);
    }
  };
}

/**
 * Waits until the process is asked to end: the first time, requests that run may end; the second
 * time, it ends at once. Gives the exit code.
 */
async function untilAsked(terminal: Terminal, end: () => Promise<void>): Promise<number> {
  const asked: EndSignal[] = [];
  let next: (() => void) | undefined;
  const unlisten = terminal.onEnd((signal) => {
    asked.push(signal);
    next?.();
  });
  const signal = async (count: number): Promise<EndSignal> => {
    while (asked.length < count) await new Promise<void>((resolve) => next = resolve);
    return asked[count - 1]!;
  };
  try {
    await signal(1);
    terminal.err("ending: running requests may end; a second signal ends them\n");
    return await Promise.race([end().then(() => 0), signal(2).then((name) => 128 + END_SIGNALS[name])]);
  } finally {
    unlisten();
  }
}
