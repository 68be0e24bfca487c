/// <reference lib="dom" />

// The playground: a component from a sample or a file, its exports as forms, its calls as they
// happen, its world, its imports scripted.

import { compile, type Component } from "@windlass/component";
import type { CallForm } from "./call_form.ts";
import { Calls } from "./calls.ts";
import { byId, el, errorText, sizeText, timeText } from "./dom.ts";
import { listExports } from "./exports.ts";
import { type Sample, SAMPLES } from "./samples.ts";
import { listImports, type Script } from "./scripts.ts";
import { Session } from "./session.ts";
import { World } from "./world.ts";

const calls = new Calls(byId("entries")), world = new World();

/** What is loaded. */
interface Loaded {
  readonly component: Component;
  readonly facts: string;
  readonly scripts: readonly Script[];
}
let loaded: Loaded | undefined;

/** Says what goes wrong while what is there stays; nothing, if all is well. */
function complain(text: string): void {
  byId("fault").textContent = text;
  byId("fault-box").hidden = text === "";
}

// ── Instantiating
// ─────────────────────────────────────────────────────────────────────────────────────────────────────────

let forms: CallForm[] = [];

/** Instantiates what is loaded, again and again. */
async function instantiate(): Promise<void> {
  const before = new Map(forms.map((form) => [form.title, form.values()]));
  const { component, scripts, facts } = loaded!;
  const session = new Session(component, scripts, calls), started = performance.now();
  byId("locked").hidden = true;
  session.onLocked = () => byId("locked").hidden = false;
  session.again = again;
  try {
    await session.start();
    byId("facts").textContent = `${facts} · instantiated in ${timeText(performance.now() - started)}`;
    forms = listExports(byId("export-list"), session);
    // What was filled in stays; objects do not: they were the other instance's.
    for (const form of forms) form.fill(before.get(form.title) ?? []);
  } catch (error) {
    forms = [];
    byId("facts").textContent = facts;
    byId("export-list").replaceChildren(
      el("p", { className: "empty", textContent: "It could not be instantiated." }),
      el("p", { className: "fault", textContent: errorText(error) }),
    );
  }
}

async function again(): Promise<void> {
  await instantiate();
  byId("exports").focus();
}
byId("instantiate").addEventListener("click", again);
byId("unlock").addEventListener("click", again);

// ── Loading
// ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Loads count: what arrives late, after another was chosen, is forgotten. */
let latest = 0;

async function load(name: string, source: () => Promise<Response | Blob>, sample?: Sample): Promise<boolean> {
  const own = ++latest;
  complain("");
  document.body.setAttribute("aria-busy", "true");
  byId("loading").textContent = `Loading ${name}…`;
  try {
    const given = await source(), isBlob = given instanceof Blob;
    const started = performance.now();
    let length = 0;
    const counted = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(chunk, controller) {
        length += chunk.length;
        controller.enqueue(chunk);
      },
    });
    if (!isBlob && !given.ok) throw new Error(`the server answers ${given.status}`);
    const body = isBlob ? given.stream() : given.body!;
    const component = await compile(body.pipeThrough(counted));
    if (own !== latest) return false;
    const count = component.modules.length, modules = `${count} core ${count === 1 ? "module" : "modules"}`;
    const facts = `${sizeText(length)} · ${modules} · compiled in ${timeText(performance.now() - started)}`;
    calls.clear();
    byId("name").textContent = name;
    byId("about").textContent = sample?.about ?? "A file of yours: it stays in this page.";
    const scripts = listImports(byId("import-list"), component, sample?.scripts ?? {}, instantiate);
    loaded = { component, facts, scripts };
    forms = [];
    world.open(component);
    byId("main").hidden = false;
    byId("loading").hidden = true;
    await instantiate();
    return true;
  } catch (error) {
    if (own !== latest) return false;
    byId("loading").hidden = true;
    const kept = loaded === undefined ? "" : ` ${byId("name").textContent} is still here.`;
    complain(`${name} could not be loaded.${kept}\n${errorText(error)}`);
    return false;
  } finally {
    if (own === latest) document.body.removeAttribute("aria-busy");
  }
}

/** Marks the link of what is shown. */
function mark(id: string | undefined): void {
  for (const link of byId("samples").querySelectorAll("a")) {
    if (link.hash === `#${id}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

async function loadSample(sample: Sample): Promise<void> {
  if (!await load(sample.file, () => fetch(sample.file), sample)) return;
  mark(sample.id);
  const own = latest;
  for (const [title, ...values] of sample.calls) {
    const form = forms.find((one) => one.title === title);
    form?.fill(values);
    await form?.send();
    if (own !== latest) return;
  }
}

async function loadFile(file: File): Promise<void> {
  if (!await load(file.name, () => Promise.resolve(file))) return;
  mark(undefined);
  history.replaceState(undefined, "", location.pathname + location.search);
}

for (const { id, title } of SAMPLES) {
  byId("samples").append(el("li", {}, el("a", { href: `#${id}`, textContent: title })));
}

function fromAddress(): void {
  loadSample(SAMPLES.find(({ id }) => `#${id}` === location.hash) ?? SAMPLES[0]!);
}
addEventListener("hashchange", fromAddress);

const chooser = byId<HTMLInputElement>("file");
byId("choose").addEventListener("click", () => chooser.click());
chooser.addEventListener("change", () => {
  const [file] = chooser.files ?? [];
  if (file !== undefined) loadFile(file);
  // The same file can be chosen again, when it was built anew.
  chooser.value = "";
});

const carriesFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") ?? false;
document.addEventListener("dragover", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  document.body.classList.add("dropping");
});
document.addEventListener("dragleave", (event) => {
  // Leaving one element for another is no end.
  if (event.relatedTarget === null) document.body.classList.remove("dropping");
});
document.addEventListener("drop", (event) => {
  document.body.classList.remove("dropping");
  if (!carriesFiles(event)) return;
  event.preventDefault();
  const file = event.dataTransfer?.files[0];
  if (file !== undefined) loadFile(file);
});
byId("dismiss").addEventListener("click", () => complain(""));
byId("clear").addEventListener("click", () => calls.clear());

fromAddress();
