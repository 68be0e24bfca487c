// The documents: every link leads somewhere, the page of codes is what its source says, README stays
// short.

import { assert, assertEquals } from "@std/assert";
import { errorCodes } from "../tools/error_codes.ts";

const ROOT = new URL("../", import.meta.url);
const read = (path: string): Promise<string> => Deno.readTextFile(new URL(path, ROOT));

async function documents(): Promise<string[]> {
  const found = ["README.md", "RATIONALE.md", "CONTRIBUTING.md", "CHANGELOG.md", "tests/README.md"];
  for (const folder of ["docs", "bench"]) {
    for await (const { name, isFile } of Deno.readDir(new URL(folder, ROOT))) {
      if (isFile && name.endsWith(".md")) found.push(`${folder}/${name}`);
    }
  }
  return found;
}

/** Headings' anchors, as a forge makes them. */
const anchors = (text: string): string[] =>
  [...text.matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
    title!.toLowerCase().replace(/[`*]/g, "").replace(/[^\p{L}\p{N}\-_ ]/gu, "").trim().replaceAll(" ", "-")
  );

Deno.test("every link of a document leads to a file, and to a heading of it", async () => {
  const wrong: string[] = [];
  for (const path of await documents()) {
    const prose = (await read(path)).replace(/^```.*?^```$/gms, "").replace(/`[^`\n]*`/g, "");
    for (const [, href] of prose.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(href!)) continue;
      const { pathname, hash } = new URL(href!, new URL(path, ROOT));
      const there = await Deno.stat(new URL(`file://${pathname}`)).catch(() => undefined);
      if (there === undefined) wrong.push(`${path}: ${href}`);
      else if (hash !== "") {
        const text = await Deno.readTextFile(new URL(`file://${pathname}`));
        if (!anchors(text).includes(decodeURIComponent(hash.slice(1)))) wrong.push(`${path}: ${href}`);
      }
    }
  }
  assertEquals(wrong, []);
});

Deno.test("each page of the guide is in its index", async () => {
  const index = await read("docs/README.md");
  const pages = (await documents()).filter((path) => /^docs\/(?!README)/.test(path)).map((path) => path.slice(5));
  assertEquals(pages.filter((page) => !index.includes(`(${page})`)), []);
});

Deno.test("the page of error codes is current: deno task docs:codes", async () => {
  const words = (text: string): string[] => text.replace(/-{2,}/g, "").split(/[\s|]+/).filter((word) => word !== "");
  const made = words(errorCodes(await read("phrases.ts")));
  assert(made.length > 500);
  assertEquals(words(await read("docs/error-codes.md")), made);
});

Deno.test("README is at most 8 KB", async () => {
  assert((await read("README.md")).length <= 8 * 1024);
});
