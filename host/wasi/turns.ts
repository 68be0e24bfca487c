// The event loop's turns: when a guest that goes on without waiting has to let the event loop run,
// and how it does.
// What others wait for (timers, aborts, sockets, other guests) happens only then.

import { nextRound } from "../../abi/concurrency/turn.ts";
import { inDeno } from "./base/platform.ts";

/** Milliseconds that a guest may go on before the event loop gets its turn. */
const MAX_TURN = 2;
/**
 * Rounds of Deno's event loop in one turn. Tokio, which runs it, looks at sockets only when it has
 * nothing else to do, or else at every 61st round: one round alone would leave a socket unseen for
 * 61 turns.
 */
const DENO_ROUNDS = 64;

const rounds = inDeno ? DENO_ROUNDS : 1;

/** Whether some guest was seen at work since the event loop last had a turn. */
let working = false;
/** When it was first seen, in milliseconds of `performance.now()`. */
let since = 0;

/** Whether guests have been at work for so long that the event loop has to have its turn now. */
export function turnIsDue(): boolean {
  const now = performance.now();
  if (working) return now - since >= MAX_TURN;
  working = true;
  since = now;
  nextRound(() => {
    working = false;
  });
  return false;
}

/** Milliseconds without a microtask before the event loop gets its turn. */
const MAX_HELD = 10;

/** Whether no microtask has run since {@linkcode isHeld} was asked first. */
let held = false;
let heldSince = 0;

/**
 * Whether a guest has held the thread for so long that the event loop has to have its turn now. For
 * guests of WASI 0.3: whenever they wait, their scheduler looks after that itself.
 */
export function isHeld(): boolean {
  const now = performance.now();
  if (held) return now - heldSince >= MAX_HELD;
  held = true;
  heldSince = now;
  queueMicrotask(() => {
    held = false;
  });
  return false;
}

/** The turn that is under way, for all guests that wait for one. */
let turn: Promise<void> | undefined;

/** Lets the event loop have its turn. */
export function nextTurn(): Promise<void> {
  return turn ??= new Promise((resolve) => {
    let left = rounds;
    const round = (): void => {
      if (left-- > 0) return nextRound(round);
      turn = undefined;
      working = false;
      resolve();
    };
    round();
  });
}
