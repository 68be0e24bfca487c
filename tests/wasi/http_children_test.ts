// Child resources of HTTP: WASI's WIT says that a body, a request or a response traps that goes
// before its child does.
// Each case is a guest of its own, whose handler does some steps in an order.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { Trap } from "@windlass/component";
import { serve } from "@windlass/component/wasi";
import { componentOf } from "../support/wat.ts";
import { begin, OK, outcome, wire } from "./http_support.ts";
import { good, interfacesOf } from "./support.ts";

const WIT = `
package test:children;
world handler {
  import wasi:http/types@0.2.0;
  import wasi:http/outgoing-handler@0.2.0;
  export wasi:http/incoming-handler@0.2.0;
}
package wasi:io@0.2.0 {
  interface streams { resource input-stream; resource output-stream; }
}
package wasi:http@0.2.0 {
  interface types {
    use wasi:io/streams@0.2.0.{input-stream, output-stream};
    variant error-code { HTTP-request-URI-invalid, HTTP-request-body-size(option<u64>) }
    resource fields { constructor(); }
    resource incoming-request { headers: func() -> fields; consume: func() -> result<incoming-body>; }
    resource incoming-body {
      %stream: func() -> result<input-stream>;
      finish: static func(this: incoming-body) -> future-trailers;
    }
    resource future-trailers;
    resource outgoing-request {
      constructor(headers: fields);
      headers: func() -> fields;
      body: func() -> result<outgoing-body>;
    }
    resource outgoing-response {
      constructor(headers: fields);
      headers: func() -> fields;
      body: func() -> result<outgoing-body>;
    }
    resource outgoing-body {
      write: func() -> result<output-stream>;
      finish: static func(this: outgoing-body, trailers: option<fields>) -> result<_, error-code>;
    }
    resource request-options;
    resource future-incoming-response;
    resource response-outparam { set: static func(param: response-outparam, response: result<outgoing-response, error-code>); }
  }
  interface outgoing-handler {
    use types.{outgoing-request, request-options, future-incoming-response, error-code};
    handle: func(request: outgoing-request, options: option<request-options>) -> result<future-incoming-response, error-code>;
  }
  interface incoming-handler {
    use types.{incoming-request, response-outparam};
    handle: func(request: incoming-request, response-out: response-outparam);
  }
}`;

const RESOURCES = [
  "fields",
  "incoming-request",
  "incoming-body",
  "outgoing-request",
  "outgoing-response",
  "outgoing-body",
];
const drops = [...RESOURCES.map((name) => ["wasi:http/types", name]), ["wasi:io/streams", "input-stream"], [
  "wasi:io/streams",
  "output-stream",
]].map(([owner, name]) => `(import "${owner}@0.2.0" "[resource-drop]${name}" (func $drop-${name} (param i32)))`);
const method = (name: string, type: string) =>
  `(import "wasi:http/types@0.2.0" "${name}" (func $${name.slice(1).replace("]", "-")} ${type}))`;

/** A result that holds a handle goes to memory at 0: its case there, the handle at 4. */
const IMPORTS = [
  ...drops,
  method("[constructor]fields", "(result i32)"),
  method("[method]incoming-request.headers", "(param i32) (result i32)"),
  method("[method]incoming-request.consume", "(param i32 i32)"),
  method("[method]incoming-body.stream", "(param i32 i32)"),
  method("[static]incoming-body.finish", "(param i32) (result i32)"),
  ...["outgoing-request", "outgoing-response"].flatMap((name) => [
    method(`[constructor]${name}`, "(param i32) (result i32)"),
    method(`[method]${name}.headers`, "(param i32) (result i32)"),
    method(`[method]${name}.body`, "(param i32 i32)"),
  ]),
  method("[method]outgoing-body.write", "(param i32 i32)"),
  method("[static]outgoing-body.finish", "(param i32 i32 i32 i32)"),
  method("[static]response-outparam.set", "(param i32 i32 i32 i32 i64)"),
  `(import "wasi:http/outgoing-handler@0.2.0" "handle" (func $handle (param i32 i32 i32 i32)))`,
].join("\n  ");

const get = (local: string) => `(local.get $${local})`;
const drop = (type: string, local: string) => `(call $drop-${type} ${get(local)})`;
const asked = (name: string, of: string, into: string) =>
  `(call $method-${name} ${get(of)} (i32.const 0)) (local.set $${into} (i32.load offset=4 (i32.const 0)))`;
const headersOf = (type: string, of: string, into = "headers") =>
  `(local.set $${into} (call $method-${type}.headers ${get(of)}))`;
const made = (type: string, fields = "(call $constructor-fields)") =>
  `(local.set $made (call $constructor-${type} ${fields}))`;

const received = [asked("incoming-request.consume", "request", "body")];
const receiving = [...received, asked("incoming-body.stream", "body", "stream")];
const sending = [made("outgoing-response"), asked("outgoing-response.body", "made", "body")];
const writing = [...sending, asked("outgoing-body.write", "body", "stream")];
const finishIn = `(drop (call $static-incoming-body.finish ${get("body")}))`;
const finishOut = `(call $static-outgoing-body.finish ${get("body")} (i32.const 0) (i32.const 0) (i32.const 0))`;
const set = `(call $static-response-outparam.set ${get("out")} (i32.const 0) ${
  get("made")
} (i32.const 0) (i64.const 0))`;
const handle = `(call $handle ${get("made")} (i32.const 0) (i32.const 0) (i32.const 0))`;

/** What the guest does; what the trap says, or nothing where the order is right. */
const CASES: Readonly<Record<string, readonly [steps: readonly string[], trap?: string]>> = {
  "a request before its headers": [
    [headersOf("incoming-request", "request"), drop("incoming-request", "request")],
    "drop of an incoming-request while its child `fields` is alive",
  ],
  "a request after its headers": [
    [headersOf("incoming-request", "request"), drop("fields", "headers"), drop("incoming-request", "request")],
  ],
  "a request before the second of two headers": [
    [
      headersOf("incoming-request", "request"),
      headersOf("incoming-request", "request", "body"),
      drop("fields", "headers"),
      drop("incoming-request", "request"),
    ],
    "drop of an incoming-request",
  ],
  "a request whose headers were given away": [
    [
      headersOf("incoming-request", "request"),
      made("outgoing-response", get("headers")),
      drop("incoming-request", "request"),
    ],
  ],
  "a body before its stream": [
    [...receiving, drop("incoming-body", "body")],
    "drop of an incoming-body while its child `input-stream` is alive",
  ],
  "a body finished before its stream": [
    [...receiving, finishIn],
    "finish of an incoming-body while its child `input-stream` is alive",
  ],
  "a body after its stream": [[...receiving, drop("input-stream", "stream"), drop("incoming-body", "body")]],
  "a body finished after its stream": [[...receiving, drop("input-stream", "stream"), finishIn]],
  "a body without a stream": [[...received, finishIn]],
  "a request before its body": [[...received, drop("incoming-request", "request")]],
  "an outgoing body before its stream": [
    [...writing, drop("outgoing-body", "body")],
    "drop of an outgoing-body while its child `output-stream` is alive",
  ],
  "an outgoing body finished before its stream": [
    [...writing, finishOut],
    "finish of an outgoing-body while its child `output-stream` is alive",
  ],
  "an outgoing body after its stream": [[...writing, drop("output-stream", "stream"), drop("outgoing-body", "body")]],
  "an outgoing body finished after its stream": [[...writing, drop("output-stream", "stream"), finishOut]],
  "a response before its body": [[...writing, drop("outgoing-response", "made")]],
  "a response before its headers": [
    [made("outgoing-response"), headersOf("outgoing-response", "made"), drop("outgoing-response", "made")],
    "drop of an outgoing-response while its child `fields` is alive",
  ],
  "a response that is sent before its headers are dropped": [
    [made("outgoing-response"), headersOf("outgoing-response", "made"), set],
    "response-outparam.set of a response while its child `fields` is alive",
  ],
  "a request to send before its headers": [
    [made("outgoing-request"), headersOf("outgoing-request", "made"), drop("outgoing-request", "made")],
    "drop of an outgoing-request while its child `fields` is alive",
  ],
  "a request that is sent before its headers are dropped": [
    [made("outgoing-request"), headersOf("outgoing-request", "made"), handle],
    "outgoing-handler.handle of a request while its child `fields` is alive",
  ],
  "a request that is sent after its headers were dropped": [
    [made("outgoing-request"), headersOf("outgoing-request", "made"), drop("fields", "headers"), handle],
  ],
  "an instance that ends with all of it alive": [
    [
      headersOf("incoming-request", "request"),
      ...receiving,
      made("outgoing-request"),
      headersOf("outgoing-request", "made"),
    ],
  ],
};

for (const [name, [steps, trap]] of Object.entries(CASES)) {
  Deno.test(`${trap === undefined ? "right" : "a trap"}: ${name}`, async () => {
    const core = `(module
  ${IMPORTS}
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func (export "wasi:http/incoming-handler@0.2.0#handle") (param $request i32) (param $out i32)
    (local $headers i32) (local $body i32) (local $stream i32) (local $made i32)
    ${steps.join("\n    ")}))`;
    const errors: unknown[] = [];
    const handler = await serve(componentOf(core, WIT), { onError: (error) => errors.push(error) });
    const response = await handler(new Request("http://localhost/", { method: "POST", body: "hello" }));
    assertEquals([response.status, errors.length], [500, 1]);
    const [error] = errors;
    if (trap === undefined) return assert(String(error).includes("without a response"), String(error));
    assert(error instanceof Trap, String(error));
    const { code, message } = error as Trap;
    assertEquals(code, "interface-rule");
    assert(message.includes(trap), message);
  });
}

Deno.test("a trap: a response that came before its headers", async () => {
  const server = await wire((_, socket) => socket.end(OK));
  try {
    const of = await interfacesOf({ network: { http: true } });
    const response = good(await outcome(begin(of, { authority: server.authority, path: "/" }).answer));
    const headers = response.headers();
    assertThrows(() => response[Symbol.dispose](), Trap, "drop of an incoming-response while its child `fields`");
    headers[Symbol.dispose]();
    response[Symbol.dispose]();
  } finally {
    await server.close();
  }
});
