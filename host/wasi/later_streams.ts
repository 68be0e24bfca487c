// Streams of a file whose volume may answer later, over web streams: a source that reads a chunk when
// it is asked for one, a sink that has at most so many bytes on their way.

import { ReadableSource, WritableSink } from "./sources.ts";
import { type Sink, type Source, StreamFailure } from "./streams.ts";
import { fsErrorCode } from "./files/fs_errors.ts";
import type { OpenFile } from "./files/open_file.ts";
import { take } from "./files/steps.ts";

/** What an operation on a stream's file threw, with its code. */
export function streamFailure(error: unknown): StreamFailure {
  const filesystem = fsErrorCode(error);
  return new StreamFailure(error instanceof Error ? error.message : filesystem, { filesystem });
}

/** Reads from an offset. @param file Released when the stream is closed. */
export function laterSource(file: OpenFile, position: number, chunk: number): Source {
  let reading: Promise<void> = Promise.resolve(), closed = false;
  const source = new ReadableSource(
    new ReadableStream({
      pull(controller) {
        return reading = (async () => {
          const bytes = await take(file.read(chunk, position));
          position += bytes.length;
          if (closed) return;
          if (bytes.length === 0) controller.close();
          else controller.enqueue(bytes);
        })().catch((error) => controller.error(streamFailure(error)));
      },
    }, { highWaterMark: 0 }),
  );
  return {
    ready: () => source.ready(),
    onReady: (callback) => source.onReady(callback),
    read: (max) => source.read(max),
    close: () => {
      if (closed) return;
      closed = true;
      source.close();
      file.releaseAfter(reading);
    },
  };
}

/** Writes from an offset, or at the end. @param file Released when the stream is closed. */
export function laterSink(file: OpenFile, from: number | null): Sink {
  let position = from, closed = false, told = false;
  const sink = new WritableSink(
    new WritableStream({
      async write(bytes) {
        try {
          if (position === null) return await take(file.append(bytes));
          await take(file.write(bytes, position));
          position += bytes.length;
        } catch (error) {
          throw streamFailure(error);
        }
      },
    }),
  );
  return {
    ready: () => sink.ready(),
    onReady: (callback) => sink.onReady(callback),
    permit: () => {
      try {
        return sink.permit();
      } catch (error) {
        told = true;
        throw error;
      }
    },
    write: (bytes) => sink.write(bytes),
    flush: () => sink.flush(),
    settle: () => file.sync(true),
    close: () => {
      if (closed) return;
      closed = true;
      // What the guest was told already is its to deal with.
      file.releaseAfter(
        sink.end(undefined).catch((error) => {
          if (!told) throw error;
        }),
      );
    },
  };
}
