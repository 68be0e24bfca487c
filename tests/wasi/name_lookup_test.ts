// Names and addresses in text: which are one, and to what they are resolved.

import { assertEquals } from "@std/assert";
import { parseHost } from "../../host/wasi/name_lookup.ts";
import { sockets } from "./sockets.ts";
import { bad, good } from "./support.ts";

const v6 = (...val: number[]) => ({ tag: "ipv6", val: [...val, ...Array(8 - val.length).fill(0)] });

Deno.test("addresses in text are resolved to themselves", async () => {
  const { network, resolve } = await sockets();
  for (
    const [text, address] of [
      ["0.0.0.0", { tag: "ipv4", val: [0, 0, 0, 0] }],
      ["127.0.0.1", { tag: "ipv4", val: [127, 0, 0, 1] }],
      ["192.0.2.0", { tag: "ipv4", val: [192, 0, 2, 0] }],
      ["::", v6()],
      ["[::]", v6()],
      ["::1", v6(0, 0, 0, 0, 0, 0, 0, 1)],
      ["2001:0db8:0:0:0:0:0:0", v6(0x2001, 0xdb8)],
      ["dead:beef::", v6(0xdead, 0xbeef)],
      ["dead:beef::0", v6(0xdead, 0xbeef)],
      ["DEAD:BEEF::0", v6(0xdead, 0xbeef)],
      ["1:2:3:4:5:6:7:8", v6(1, 2, 3, 4, 5, 6, 7, 8)],
      // "Never returns IPv4-mapped IPv6 addresses."
      ["::ffff:192.0.2.9", { tag: "ipv4", val: [192, 0, 2, 9] }],
    ] as const
  ) {
    const stream = good(resolve(network, text));
    await stream.subscribe().block();
    assertEquals(good(await stream.resolveNextAddress()), address, text);
    assertEquals(good(await stream.resolveNextAddress()), undefined);
  }
});

Deno.test("what is neither a name nor an address is an invalid argument", async () => {
  const { network, resolve } = await sockets();
  const long = "a".repeat(64), deep = `${"abcd.".repeat(51)}com`;
  const texts = ["", " ", "not a name", "a.b<&>", "127.0.0.1:80", "[::]:80", "[localhost]", "[::1", "::1]", "1::2::3"];
  const urls = [
    "http://example.com/",
    "example.com/",
    "example.com?",
    "a#b",
    "user@example.com",
    "example.com:80",
    "a\\b",
  ];
  const others = [
    "a\tb",
    "a\nb",
    "a\0b",
    "a..b",
    ".",
    ".a",
    "1.2.3.4.5",
    "256.0.0.1",
    "fe80::1%2",
    long,
    deep,
  ];
  for (const text of [...texts, ...urls, ...others]) {
    const answer = resolve(network, text);
    bad(answer, "invalid-argument");
  }
});

Deno.test("names are what a resolver is asked for: in ASCII, as URLs have them", () => {
  assertEquals(parseHost("localhost"), "localhost");
  assertEquals(parseHost("münchen.de"), "xn--mnchen-3ya.de");
  assertEquals(parseHost("EXAMPLE.com"), "example.com");
  assertEquals(parseHost("example.com."), "example.com.");
  assertEquals(parseHost("a_b.example.com"), "a_b.example.com");
});
