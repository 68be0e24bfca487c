// deno task size: mod.ts bundled and minified, with everything it loads; bytes, and bytes gzipped.

const out = await Deno.makeTempFile({ suffix: ".js" });
const { success, stderr } = await new Deno.Command(Deno.execPath(), {
  args: ["bundle", "--minify", "--platform", "browser", "-o", out, "mod.ts"],
}).output();
if (!success) throw new Error(new TextDecoder().decode(stderr));
const bytes = await Deno.readFile(out);
const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
const gzipped = (await new Response(stream).arrayBuffer()).byteLength;
console.log(
  `mod.ts bundled and minified: ${bytes.length} bytes, ${gzipped} gzipped (${(gzipped / 1024).toFixed(1)} KB)`,
);
