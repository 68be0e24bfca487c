// A turn of the event loop: timers, sockets and promises of the host come before what is called
// back.

const { setImmediate } = globalThis as { setImmediate?: (callback: () => void) => void };

/** Calls back in a later round of the event loop. */
export const nextRound: (callback: () => void) => void = setImmediate ?? throughChannel();

/** For browsers: a message is a task of its own, and unlike a timer's task it is never delayed. */
function throughChannel(): (callback: () => void) => void {
  const waiting: (() => void)[] = [];
  let channel: MessageChannel | undefined;
  return (callback) => {
    if (channel === undefined) {
      channel = new MessageChannel();
      channel.port1.onmessage = () => waiting.shift()?.();
    }
    waiting.push(callback);
    channel.port2.postMessage(undefined);
  };
}

/** Milliseconds after which a turn waits for a timer: some engines run immediates before timers. */
const MAX_WITHOUT_TIMER = 5;

let lastTimer = 0;

/** Calls back after the event loop had a turn. */
export function afterTurn(callback: () => void): void {
  if (performance.now() - lastTimer < MAX_WITHOUT_TIMER) return nextRound(callback);
  setTimeout(() => {
    lastTimer = performance.now();
    callback();
  });
}
