// The setters of `request` of WASI 0.3: what they keep, and what they refuse.

import { assert, assertEquals } from "@std/assert";
import { P3Fields } from "../../host/wasi/p3_http_fields.ts";
import { P3Request, type Trailers } from "../../host/wasi/p3_http.ts";
import { isErr } from "./support.ts";

/** A request without a body. */
function made(): P3Request {
  const [request, taken] = P3Request.new(new P3Fields(), undefined, new Promise<Trailers>(() => {}), undefined);
  taken.catch(() => {}); // nobody sends it
  return request;
}

Deno.test("an authority of WASI 0.3 has a port of TCP, or none", () => {
  using request = made();
  for (const authority of ["example.com", "example.com:0", "example.com:65535", "[::]:443", "[::]", "a:b@c:80"]) {
    assertEquals(request.setAuthority(authority), undefined, authority);
    assertEquals(request.getAuthority(), authority);
  }
  for (const authority of ["bad-port:99999", "bad-port:65536", "[::]:65536", "bad-\nhost", "a:80:80:80", "a:b", ""]) {
    assert(isErr(request.setAuthority(authority)), authority);
  }
  assertEquals(request.getAuthority(), "a:b@c:80");
});
