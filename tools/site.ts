// deno task docs: the site in docs/.site. The guide (docs/*.md, README.md and what they link to as
// prose) becomes pages; the reference is `deno doc`'s. Links to pages become links of the site, links
// to other files of the repository lead to where the sources are.

import { marked } from "marked";
import denoJson from "../deno.json" with { type: "json" };
import { aloud, must } from "./process.ts";
import { REPOSITORY } from "./repository.ts";

const ROOT = new URL("../", import.meta.url);
const OUT = new URL("docs/.site/", ROOT);

/** Prose beside the guide that has a page, too. */
const BESIDE = ["README.md", "RATIONALE.md", "CHANGELOG.md", "CONTRIBUTING.md"];

const STYLE = `
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 18%, transparent); }
body { font: 1rem/1.6 system-ui, sans-serif; max-width: 64rem; margin: 0 auto; padding: 1rem; }
header { display: flex; flex-wrap: wrap; gap: 1rem; border-bottom: 1px solid var(--line); padding-bottom: 0.5rem; }
header a:first-child { font-weight: 600; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { border: 1px solid var(--line); padding: 0.3rem 0.6rem; text-align: left; vertical-align: top; }
code { font-family: ui-monospace, monospace; font-size: 0.9em; }
pre { border: 1px solid var(--line); border-radius: 6px; padding: 0.8rem; overflow-x: auto; line-height: 1.4; }
`;

/** The path of a page in the site, or nothing for what is no page. */
function pageOf(path: string): string | undefined {
  if (path === "docs/README.md") return "index.html";
  if (BESIDE.includes(path)) return `${path.slice(0, -3).toLowerCase()}.html`;
  return /^docs\/[^/]+\.md$/.test(path) ? path.slice("docs/".length).replace(/\.md$/, ".html") : undefined;
}

/** Where a link in the file at `from` leads to. */
function target(href: string, from: string): string {
  if (/^[a-z]+:/.test(href) || href.startsWith("#")) return href;
  const url = new URL(href, new URL(from, "file:///")), path = url.pathname.slice(1);
  const page = pageOf(path);
  return page === undefined ? `${REPOSITORY}/blob/main/${path}` : `${page}${url.hash}`;
}

/** A heading's anchor, as those who read the files on a forge know it. */
const anchor = (text: string): string =>
  text.toLowerCase().replace(/<[^>]+>/g, "").replace(/[^\p{L}\p{N}\- ]/gu, "").trim().replaceAll(" ", "-");

async function page(from: string): Promise<void> {
  const text = await Deno.readTextFile(new URL(from, ROOT));
  const title = /^# (.+)$/m.exec(text)?.[1] ?? from;
  marked.use({
    walkTokens: (token) => {
      if (token.type === "link") token.href = target(token.href, from);
    },
    renderer: {
      heading({ tokens, depth }): string {
        const html = this.parser.parseInline(tokens);
        return `<h${depth} id="${anchor(html)}">${html}</h${depth}>\n`;
      },
    },
  });
  const body = await marked.parse(text);
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title} · Windlass</title>
<style>${STYLE}</style>
</head>
<body>
<header><a href="index.html">Windlass ${denoJson.version}</a> <a href="readme.html">Start</a>
<a href="reference/index.html">Reference</a> <a href="rationale.html">Rationale</a> <a href="changelog.html">Changes</a></header>
<main>
${body}</main>
</body>
</html>
`;
  await Deno.writeTextFile(new URL(pageOf(from)!, OUT), html);
}

await Deno.remove(OUT, { recursive: true }).catch(() => {});
await Deno.mkdir(OUT, { recursive: true });
const guide: string[] = [];
for await (const { name, isFile } of Deno.readDir(new URL("docs/", ROOT))) {
  if (isFile && name.endsWith(".md")) guide.push(`docs/${name}`);
}
for (const from of [...guide.sort(), ...BESIDE]) await page(from);
const entries = Object.values(denoJson.exports);
const reference = ["doc", "--html", "--name=Windlass", `--output=${new URL("reference", OUT).pathname}`, ...entries];
await must([Deno.execPath(), ...reference], aloud);
console.log(`${guide.length + BESIDE.length} pages and the reference: ${OUT.pathname}index.html`);
