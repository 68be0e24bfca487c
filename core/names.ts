// Names of imports and exports: plain names with their annotations, interface names with their versions, and which versions fit.
// Spec: Explainer.md "Import and Export Definitions" (`externname`); semver matching as in Wasmtime's linker.

/** A plain name taken apart. */
export type PlainName =
  | { readonly kind: "label"; readonly label: string }
  | { readonly kind: "constructor"; readonly resource: string }
  | { readonly kind: "method" | "static"; readonly resource: string; readonly label: string };

/** Takes a plain name apart; a name without annotation is a label, whatever it looks like. */
export function parsePlainName(name: string): PlainName {
  const match = /^\[(constructor|method|static)\]([^.]*)(?:\.(.*))?$/.exec(name);
  if (match === null) return { kind: "label", label: name };
  const [, annotation, resource = "", label] = match;
  if (annotation === "constructor") return { kind: "constructor", resource };
  return label === undefined
    ? { kind: "label", label: name }
    : { kind: annotation as "method" | "static", resource, label };
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

/** `undefined` for what only matches exactly: 0.0.x, prereleases, anything that is no semver. */
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

/** The name that answers to `wanted`: itself, else the highest semver-compatible one. */
export function matchName(wanted: string, names: Iterable<string>): string | undefined {
  const { base, version } = splitVersion(wanted);
  const track = version === undefined ? undefined : parseVersion(version)?.track;
  let best: { name: string; version: Version } | undefined;
  for (const name of names) {
    if (name === wanted) return name;
    if (track === undefined) continue;
    const candidate = splitVersion(name);
    if (candidate.base !== base || candidate.version === undefined) continue;
    const parsed = parseVersion(candidate.version);
    if (parsed?.track === track && (best === undefined || isNewer(parsed, best.version))) {
      best = { name, version: parsed };
    }
  }
  return best?.name;
}
