// Names of imports and exports: their grammar, plain names with annotations, interface names with
// versions, and which names match.
// Strings enter; parts, faults in words, or the matching name leave.
// Spec: Explainer.md "Import and Export Definitions" (`externname`). Versions match as in
// Wasmtime's linker.

/** The parts of a plain name. */
export type PlainName =
  | { readonly kind: "label"; readonly label: string }
  | { readonly kind: "constructor"; readonly resource: string }
  | { readonly kind: "method" | "static"; readonly resource: string; readonly label: string };

/** Splits a plain name into its parts. A name without annotation is a label, valid or not. */
export function parsePlainName(name: string): PlainName {
  if (!name.startsWith("[")) return { kind: "label", label: name };
  const match = /^\[(constructor|method|static)\]([^.]*)(?:\.(.*))?$/.exec(name);
  if (match === null) return { kind: "label", label: name };
  const [, annotation, resource = "", label] = match;
  if (annotation === "constructor") return { kind: "constructor", resource };
  return label === undefined
    ? { kind: "label", label: name }
    : { kind: annotation as "method" | "static", resource, label };
}

/** Whether a name is an interface name and not a plain name. */
export function isInterfaceName(name: string): boolean {
  return name.includes(":");
}

/** `strongly-unique`: the form of a name that must differ between two names of one scope. */
export function canonicalName(name: string): string {
  const lower = name.toLowerCase();
  if (!lower.startsWith("[")) return lower;
  const plain = parsePlainName(lower);
  if (plain.kind !== "method" && plain.kind !== "static") return lower;
  return plain.resource === plain.label ? plain.label : `${plain.resource}.${plain.label}`;
}

const KEBAB = /^(?:[a-z][0-9a-z]*|[A-Z][0-9A-Z]*)(?:-(?:[0-9a-z]+|[0-9A-Z]+))*$/;

/** `label`. */
export function isKebab(label: string): boolean {
  return KEBAB.test(label);
}

function kebabFault(label: string): string | undefined {
  return isKebab(label) ? undefined : `\`${label}\` is not in kebab case`;
}

/** The gated forms of interface names that are allowed. */
export interface NameForms {
  /** `a:b:c/d/e`. */
  readonly nested: boolean;
  /** `a:b/c@1`. */
  readonly canonical: boolean;
}

/** Says in words what is wrong with an `externname`; `undefined` if it is valid. */
export function nameFault(name: string, forms: NameForms): string | undefined {
  if (isInterfaceName(name)) return interfaceFault(name, forms);
  if (!name.startsWith("[")) return kebabFault(name);
  const match = /^\[(constructor|method|static)\](.*)$/s.exec(name);
  if (match === null) return kebabFault(name);
  const [, annotation, rest = ""] = match;
  if (annotation === "constructor") return kebabFault(rest);
  const dot = rest.indexOf(".");
  if (dot < 0) return "failed to find `.` character";
  return kebabFault(rest.slice(0, dot)) ?? kebabFault(rest.slice(dot + 1));
}

/** The form of nearly every interface name. Other names are examined in detail. */
const USUAL =
  /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*:[a-z][a-z0-9]*(?:-[a-z0-9]+)*\/[a-z][a-z0-9]*(?:-[a-z0-9]+)*(?:@(?:0|[1-9]\d{0,9})\.(?:0|[1-9]\d{0,9})\.(?:0|[1-9]\d{0,9}))?$/;

/** `interfacename`: `ns:pkg/iface@1.0.0`. */
function interfaceFault(name: string, { nested, canonical }: NameForms): string | undefined {
  if (USUAL.test(name)) return undefined;
  const nests = nested ? /^((?:[^/@:]*:)*)([^/@:]*:[^/@:]*\/)((?:[^/@]*\/)*)([^/@]*(?:@.*)?)$/s.exec(name) : null;
  if (nests !== null && (nests[1] !== "" || nests[3] !== "")) {
    const [, namespaces = "", head = "", projections = "", tail = ""] = nests;
    return first(namespaces.split(":").slice(0, -1), (words) => kebabFault(words) ?? lowerFault(words)) ??
      first(projections.split("/").slice(0, -1), kebabFault) ??
      interfaceFault(head + tail, { nested: false, canonical });
  }
  const colon = name.indexOf(":");
  const namespace = name.slice(0, colon), rest = name.slice(colon + 1);
  const [, pkg = "", slash, projection = "", next] = /^([^/@:]*)(\/?)([^/@]*)(.*)$/s.exec(rest)!;
  return kebabFault(namespace) ?? lowerFault(namespace) ?? kebabFault(pkg) ?? lowerFault(pkg) ??
    (slash === "" ? "expected `/` after package name" : undefined) ??
    kebabFault(projection) ??
    (next === ""
      ? undefined
      : next!.startsWith("@")
      ? canonical && CANONICAL.test(next!.slice(1)) ? undefined : versionFault(next!.slice(1))
      : `trailing characters found: \`${next}\``);
}

function first(items: readonly string[], fault: (item: string) => string | undefined): string | undefined {
  for (const item of items) {
    const found = fault(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** `canonversion`: the part of a version that decides whether another version is compatible. */
const CANONICAL = /^(?:0\.0\.0|(?:0\.){0,2}[1-9][0-9]*)$/;

/**
 * Says what is wrong with a `versionsuffix`, which completes the canonical version of an interface
 * name.
 */
export function suffixFault(name: string, suffix: string): string | undefined {
  const { version } = splitVersion(name);
  if (!isInterfaceName(name) || version === undefined || !CANONICAL.test(version)) {
    return "a `versionsuffix` needs a canonical interface version before it";
  }
  const fault = versionFault(version + suffix);
  return fault && `invalid interface version \`${version + suffix}\`: ${fault}`;
}

function lowerFault(words: string): string | undefined {
  return words === words.toLowerCase() ? undefined : `\`${words}\` is not in lower case`;
}

/** Says what is wrong with a `valid semver`. */
function versionFault(version: string): string | undefined {
  if (version === "") return "empty string, expected a semver version";
  const parts = ["major", "minor", "patch"];
  let rest = version;
  for (const [i, part] of parts.entries()) {
    const place = `${part} version number`;
    const digits = /^\d*/.exec(rest)![0];
    if (digits === "") {
      return rest === ""
        ? `unexpected end of input while parsing ${place}`
        : unexpected(rest, `while parsing ${place}`);
    }
    if (digits.length > 1 && digits.startsWith("0")) return `invalid leading zero in ${place}`;
    if (digits.length > 20 || BigInt(digits) > 0xffff_ffff_ffff_ffffn) return `value of ${place} exceeds u64::MAX`;
    rest = rest.slice(digits.length);
    if (i === 2) break;
    if (rest === "") return `unexpected end of input while parsing ${place}`;
    if (!rest.startsWith(".")) return unexpected(rest, `after ${place}`);
    rest = rest.slice(1);
  }
  const [, pre, build, left = ""] = /^(?:-([0-9A-Za-z.-]*))?(?:\+([0-9A-Za-z.-]*))?(.*)$/s.exec(rest)!;
  const numbered = pre?.split(".").find((part) => /^0\d+$/.test(part));
  if (pre?.split(".").includes("")) return "empty identifier segment in pre-release identifier";
  if (numbered !== undefined) return "invalid leading zero in pre-release identifier";
  if (build?.split(".").includes("")) return "empty identifier segment in build metadata";
  return left === "" ? undefined : unexpected(left, "after patch version number");
}

function unexpected(rest: string, where: string): string {
  return `unexpected character '${String.fromCodePoint(rest.codePointAt(0)!)}' ${where}`;
}

/** An interface name without its version, and the version. */
export function splitVersion(name: string): { readonly base: string; readonly version: string | undefined } {
  const at = name.indexOf("@");
  return at < 0 ? { base: name, version: undefined } : { base: name.slice(0, at), version: name.slice(at + 1) };
}

interface Version {
  /** Versions with the same track are compatible. */
  readonly track: string;
  readonly numbers: readonly [number, number, number];
}

/**
 * Gives the track of a version. `undefined` if the version matches only itself: 0.0.x, prereleases,
 * and text that is not a semver.
 */
function parseVersion(version: string): Version | undefined {
  const match = /^(\d+)\.(\d+)\.(\d+)(?:\+.*)?$/.exec(version);
  if (match === null) return undefined;
  const [major, minor, patch] = match.slice(1).map(Number) as [number, number, number];
  if (major === 0 && minor === 0) return undefined;
  return { track: major > 0 ? `${major}` : `0.${minor}`, numbers: [major, minor, patch] };
}

function isNewer(left: Version, right: Version): boolean {
  for (let i = 0; i < 3; i++) if (left.numbers[i] !== right.numbers[i]) return left.numbers[i]! > right.numbers[i]!;
  return false;
}

/** A set of names that finds the match of a wanted name without looking at each name. */
export class NameIndex {
  readonly #names = new Set<string>();
  /** The name with the highest version, for each interface and track. */
  readonly #best = new Map<string, { readonly name: string; readonly version: Version }>();

  constructor(names: Iterable<string>) {
    for (const name of names) this.add(name);
  }

  add(name: string): void {
    if (this.#names.has(name)) return;
    this.#names.add(name);
    const { base, version } = splitVersion(name);
    const parsed = version === undefined ? undefined : parseVersion(version);
    if (parsed === undefined) return;
    const key = `${base}@${parsed.track}`, best = this.#best.get(key);
    if (best === undefined || isNewer(parsed, best.version)) this.#best.set(key, { name, version: parsed });
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  /** All names, in the order in which they were added. */
  get all(): Iterable<string> {
    return this.#names;
  }

  /**
   * Gives the name that matches `wanted`: the same name, otherwise the one with the highest
   * compatible version.
   */
  match(wanted: string): string | undefined {
    if (this.#names.has(wanted)) return wanted;
    const { base, version } = splitVersion(wanted);
    const track = version === undefined ? undefined : parseVersion(version)?.track;
    return track === undefined ? undefined : this.#best.get(`${base}@${track}`)?.name;
  }
}

/** Gives the matching name from a short list. */
export function matchName(wanted: string, names: Iterable<string>): string | undefined {
  return new NameIndex(names).match(wanted);
}
