// What a look at a flag costs, by where the flag is: why the flags of all trees are words of one
// memory (RATIONALE.md).

const object = { entered: 0 };
const { buffer } = new WebAssembly.Memory({ initial: 1, maximum: 1 });
const words = new Int32Array(buffer);
const global = new WebAssembly.Global({ value: "i32", mutable: true }, 0);
const TURNS = 1_000;
let sum = 0;

/** Reads and writes a flag, a thousand times. */
function bench(name: string, baseline: boolean, look: (turn: number) => number): void {
  Deno.bench({
    name: `1,000 looks at ${name}`,
    group: "flags",
    baseline,
    fn() {
      for (let turn = 0; turn < TURNS; turn++) sum += look(turn);
    },
  });
}

bench("a property", true, (turn) => {
  const before = object.entered;
  object.entered = turn;
  return before;
});
bench("a word of a memory", false, (turn) => {
  const before = words[4]!;
  words[4] = turn;
  return before;
});
bench("a global's value", false, (turn) => {
  const before = global.value as number;
  global.value = turn;
  return before;
});

globalThis.addEventListener("unload", () => {
  if (Number.isNaN(sum)) throw new Error("a flag is no number");
});
