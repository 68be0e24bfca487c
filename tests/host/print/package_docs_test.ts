// Comments of WIT in the types that are printed: the section `package-docs`, and what becomes of
// one that is malformed, hostile, or about something else.

import { assert, assertEquals } from "@std/assert";
import { compile, compileSync } from "@windlass/component";
import { customSection } from "../../../abi/wasm/encoder.ts";
import { MAX_DOCS_BYTES } from "../../../core/binary/limits.ts";
import { componentOfWit } from "../../support/wat.ts";

const wit = `package demo:greet@1.0.0;
  interface host { log: func(line: string); }
  interface api {
    record person { name: string, age: option<u8> }
    enum volume { low, high }
    variant answer { yes(string), no }
    flags options { loud, very-loud }
    resource book { constructor(title: string); sign: func(who: person); count: static func() -> u32; }
    greet: func(who: person, how: volume, more: options) -> answer;
  }
  world greeter { import host; export api; export version: func() -> string; }`;
const component = await componentOfWit(wit, "greeter");

/** The component with a section at its end. */
function withDocs(docs: unknown, version = 1): Uint8Array<ArrayBuffer> {
  const json = typeof docs === "string" ? docs : JSON.stringify(docs);
  return new Uint8Array([...component, ...customSection("package-docs", String.fromCharCode(version) + json)]);
}
const typesOf = (bytes: Uint8Array): string => compileSync(bytes).typescript();
const plain = typesOf(component);

const docs = {
  docs: "The package.",
  worlds: { greeter: { docs: "The world.", func_exports: { version: { docs: "Which one." } } } },
  interfaces: {
    host: { docs: "What a host gives.", funcs: { log: { docs: "Writes a line.\n\nIt does not wait." } } },
    api: {
      funcs: {
        greet: { docs: "Greets." },
        "[method]book.sign": { docs: "Signs it.\nOnce." },
        "[static]book.count": { docs: "How many." },
      },
      types: {
        person: { docs: "Somebody.", items: { name: "As it is said." } },
        volume: { docs: "How loud.", items: { low: "For a library." } },
        answer: { items: { yes: "With reasons." } },
        options: { docs: "More.", items: { "very-loud": "Too loud." } },
        book: { docs: "A guest book." },
      },
    },
  },
};

Deno.test("comments stand before what they are about", async () => {
  const text = typesOf(withDocs(docs));
  assertEquals(
    text,
    `export declare namespace GreetApiExports {
  /** Somebody. */
  export type Person = {
    /** As it is said. */
    name: string;
    age: number | undefined;
  };
  /** Somebody. */
  export type PersonLike = {
    /** As it is said. */
    readonly name: string;
    readonly age?: number | undefined | null;
  };
  /**
   * How loud.
   *
   * - \`low\`: For a library.
   */
  export type Volume = "low" | "high";
  /** - \`yes\`: With reasons. */
  export type Answer = { tag: "yes"; val: string } | { tag: "no" };
  /**
   * More.
   *
   * - \`very-loud\`: Too loud.
   */
  export type Options = { loud: boolean; veryLoud: boolean };
  /**
   * More.
   *
   * - \`very-loud\`: Too loud.
   */
  export type OptionsLike = { readonly loud?: boolean | undefined; readonly veryLoud?: boolean | undefined } | undefined | null;
  /** A guest book. */
  export type Book = Disposable & {
    /**
     * Signs it.
     * Once.
     */
    readonly sign: (who: GreetApiExports.PersonLike) => void;
  };
}

/** The world. */
export interface World {
  readonly imports: {
    /** What a host gives. */
    readonly "demo:greet/host@1.0.0": {
      /**
       * Writes a line.
       *
       * It does not wait.
       */
      readonly log: (line: string) => void;
    };
  };
  readonly exports: {
    /** Which one. */
    readonly version: () => string;
    readonly "demo:greet/api@1.0.0": {
      /** A guest book. */
      readonly Book: (new (title: string) => GreetApiExports.Book) & {
        /** How many. */
        readonly count: () => number;
      };
      /** Greets. */
      readonly greet: (who: GreetApiExports.PersonLike, how: GreetApiExports.Volume, more: GreetApiExports.OptionsLike) => GreetApiExports.Answer;
    };
  };
}
`,
  );
  // From a stream, whose chunks do not stay.
  assertEquals((await compile(new Response(withDocs(docs)))).typescript(), text);
  // In version 0, a function's comment is a text.
  const old = { interfaces: { host: { funcs: { log: "Writes a line." } } } };
  assertEquals(
    typesOf(withDocs(old, 0)),
    plain.replace("      readonly log", "      /** Writes a line. */\n      readonly log"),
  );
});

Deno.test("a section that is malformed, too long or of another version has no comments", () => {
  const odd = [
    "",
    "{",
    "[]",
    "null",
    "1",
    '"text"',
    '{"interfaces": []}',
    '{"interfaces": {"host": null}}',
    '{"interfaces": {"host": {"docs": 1, "funcs": {"log": 7, "x": {"docs": {}}}}}}',
    '{"worlds": {"greeter": 3}}',
    '{"__proto__": {"docs": "x"}, "constructor": {"docs": "x"}}',
    "[".repeat(100_000),
  ];
  for (const json of odd) assertEquals(typesOf(withDocs(json)), plain, json.slice(0, 80));
  assertEquals(typesOf(withDocs(docs, 2)), plain);
  assertEquals(typesOf(withDocs({ docs: "x".repeat(MAX_DOCS_BYTES) })), plain);
  assertEquals(typesOf(new Uint8Array([...component, ...customSection("package-docs", "")])), plain);
});

Deno.test("a comment cannot end itself, nor show other text than it has", () => {
  const hostile = "*/ export type Evil = 1; /*\u2028 */\r\u0000\u202e\ufeff**//*/";
  const all = JSON.parse(JSON.stringify(docs), (_, value) => typeof value === "string" ? hostile : value);
  const text = typesOf(withDocs(all));
  // Without its comments it is the text without the section.
  const words = (text: string) => text.replaceAll(/\s/g, "").replaceAll(";}", "}");
  assertEquals(words(text.replaceAll(/\/\*\*[^]*?\*\//g, "")), words(plain));
  // deno-lint-ignore no-control-regex
  assert(!/[\u0000\u2028\u202e\ufeff\r]/.test(text));
});

Deno.test("comments are about one package: the one that has what they name", async () => {
  const both = await componentOfWit(
    `package demo:one; world w { import api; export demo:two/api; } interface api { f: func(); }
    package demo:two { interface api { f: func(); g: func(); } }`,
    "w",
  );
  const about = (funcs: object) => {
    const json = JSON.stringify({ interfaces: { api: { docs: "Here.", funcs } } });
    return typesOf(new Uint8Array([...both, ...customSection("package-docs", `\x01${json}`)]));
  };
  const f = { docs: "f" }, g = { docs: "g" };
  assert(about({ f, g }).includes('/** Here. */\n    readonly "demo:two/api"'));
  // Both fit equally well.
  assertEquals(about({ f }), typesOf(both));
});
