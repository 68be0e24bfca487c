// What the command line adds to `serve`: what each instance has of its own, and how its requests
// begin and end. Nothing of it is public.

import type { State, WasiOptions } from "./state.ts";
import type { Watch } from "./watch.ts";

/** What one instance has of its own. */
export interface Guest {
  readonly state: State;
  readonly watch: Watch | undefined;
  /** A request is given to the instance. */
  begin(request: Request): void;
  /** The instance has done with a request. */
  end(request: Request): void;
}

/** What is added to the options of `serve`. */
export interface ServeMore {
  /** How many requests one instance has at most. */
  readonly uses?: number | undefined;
  /** Makes what an instance has of its own. Without it, all share one state. */
  readonly guest?: ((options: WasiOptions) => Guest) | undefined;
  /** Is told what a handler threw, instead of the option of the same name. */
  readonly onError?: ((error: unknown, request: Request | undefined) => void) | undefined;
}

/** A handler that can be ended. */
export interface Serving {
  readonly handler: (request: Request) => Promise<Response>;
  /** Waits until all requests have ended, and disposes of the instances. No request comes then. */
  end(): Promise<void>;
}
