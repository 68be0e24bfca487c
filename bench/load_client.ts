// A client that keeps connections busy with one request after the other, and costs little: it
// writes the same bytes again and again, and counts the bytes of answers, which are all alike.
// An address and a time enter; answers per second leave.

const REQUEST: Uint8Array = new TextEncoder().encode("GET /hello HTTP/1.1\r\nHost: bench\r\n\r\n");

/** Reads one answer to its end: its head says how long its body is, or it comes in chunks. */
async function answer(connection: Deno.Conn, buffer: Uint8Array): Promise<void> {
  let text = "";
  for (;;) {
    const count = await connection.read(buffer);
    if (count === null) throw new Error(`the connection ended: ${text}`);
    text += decoder.decode(buffer.subarray(0, count));
    const end = text.indexOf("\r\n\r\n");
    if (end < 0) continue;
    if (!text.startsWith("HTTP/1.1 200")) throw new Error(text);
    const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, end))?.[1];
    if (length === undefined ? text.endsWith("0\r\n\r\n") : text.length >= end + 4 + Number(length)) return;
  }
}

const decoder = new TextDecoder();

/** Asks for some milliseconds over so many connections, spread over the ports; gives answers a second. */
export async function load(ports: readonly number[], connections: number, ms: number): Promise<number> {
  let answers = 0;
  const until = performance.now() + ms, start = performance.now();
  await Promise.all(Array.from({ length: connections }, async (_, i) => {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port: ports[i % ports.length]! });
    const buffer = new Uint8Array(4096);
    while (performance.now() < until) {
      await connection.write(REQUEST);
      await answer(connection, buffer);
      answers++;
    }
  }));
  return answers / (performance.now() - start) * 1000;
}
