// Streams and futures, which the draft leaves open: they are as in the library's own API, and what
// they carry is converted as the draft has it.
// The conversion of an element enters, a function leaves that wraps a stream or a future. Where both
// forms of an element are the same, nothing is wrapped.
// Draft: JS-Reference.md `ToJSValue`, `future<T>` and `stream<T>` (TODO).

import "../../abi/dispose.ts";
import { isThenable } from "../../abi/codecs/results.ts";
import type { Crossing, ToComponent, ToJs } from "./crossing.ts";
import { isObject } from "./intrinsics.ts";

/** A stream of a guest's, whose elements are converted when they are read. */
export function streamToJs(element: ToJs | undefined): ToJs | undefined {
  if (element === undefined) return undefined;
  return (value, crossing) => {
    const reader = (value as ReadableStream<unknown>).getReader();
    return new ReadableStream({
      async pull(controller) {
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(element(value, crossing));
      },
      cancel: (reason) => reader.cancel(reason),
    }, { highWaterMark: 0 });
  };
}

/** The chunks of a stream: not every engine iterates streams. */
async function* chunksOf(stream: ReadableStream<unknown>): AsyncGenerator<unknown> {
  const reader = stream.getReader();
  let ended = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      ended = done;
      if (done) return;
      yield value;
    }
  } finally {
    if (!ended) await reader.cancel();
  }
}

async function* converted(
  source: AsyncIterable<unknown> | Iterable<unknown>,
  element: ToComponent,
  crossing: Crossing,
): AsyncGenerator<unknown> {
  for await (const item of source) yield element(item, crossing);
}

/** A stream for a guest. What is none is left for the library to refuse. */
export function streamFromJs(element: ToComponent): ToComponent {
  return (value, crossing) => {
    if (value instanceof ReadableStream) return converted(chunksOf(value), element, crossing);
    const source = value as Partial<AsyncIterable<unknown> & Iterable<unknown>>;
    const isSource = isObject(value) && (source[Symbol.asyncIterator] ?? source[Symbol.iterator]) !== undefined;
    return isSource ? converted(source as AsyncIterable<unknown>, element, crossing) : value;
  };
}

interface Future {
  read(): Promise<unknown>;
  [Symbol.dispose](): void;
}

/** The futures of guests, by the objects that stand for them here. */
const futures = new WeakMap<object, Future>();

/** A future of a guest's, whose value is converted when it is read. */
export function futureToJs(element: ToJs | undefined): ToJs | undefined {
  if (element === undefined) return undefined;
  return (value, crossing) => {
    const inner = value as Future;
    const future: Future = {
      read: async () => element(await inner.read(), crossing),
      [Symbol.dispose]: () => inner[Symbol.dispose](),
    };
    futures.set(future, inner);
    return future;
  };
}

/** A future for a guest. What is none is left for the library to refuse. */
export function futureFromJs(element: ToComponent): ToComponent {
  return (value, crossing) => {
    if (!isObject(value)) return value;
    const known = futures.get(value);
    if (known !== undefined || !isThenable(value)) return known ?? value;
    return Promise.resolve(value as PromiseLike<unknown>).then((given) => element(given, crossing));
  };
}
