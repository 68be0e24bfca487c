// Hints at the end of a LinkError: the version that was asked for, the provider of a WASI
// interface, a similar name.
// A missing name and the names that exist enter, the end of a message leaves. It may be empty.

import { closest } from "../core/binary/known_names.ts";
import { splitVersion } from "../core/binary/names.ts";

/** A hint lists at most this many versions. */
const MAX_VERSIONS = 3;

const CLI = "environment exit stdin stdout stderr terminal-input terminal-output terminal-stdin terminal-stdout"
  .split(" ").concat("terminal-stderr");
const RANDOM = ["random", "insecure", "insecure-seed"];

/**
 * The interfaces that `wasi()` provides, by version and package. A test compares this list with
 * `wasi()`.
 */
export const WASI_INTERFACES: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  "0.2": {
    cli: CLI,
    clocks: ["monotonic-clock", "wall-clock", "timezone"],
    filesystem: ["types", "preopens"],
    http: ["types", "outgoing-handler"],
    io: ["error", "poll", "streams"],
    random: RANDOM,
    sockets: "network instance-network ip-name-lookup tcp tcp-create-socket udp udp-create-socket".split(" "),
  },
  "0.3": {
    cli: CLI,
    clocks: ["monotonic-clock", "system-clock", "timezone"],
    filesystem: ["types", "preopens"],
    http: ["types", "client"],
    random: RANDOM,
    sockets: ["types", "ip-name-lookup"],
  },
};
/** The release candidate of 0.3.0 whose interfaces are those of 0.3.0. */
export const WASI_CANDIDATE = "0.3.0-rc-2026-03-15";
/** Interfaces that one component provides for another. */
const EXPORTED = ["wasi:cli/run", "wasi:http/incoming-handler", "wasi:http/handler"];

/** Says that only incompatible versions of an interface exist. `undefined` if there are none. */
export function versionHint(wanted: string, names: Iterable<string>, there: string): string | undefined {
  const { base, version } = splitVersion(wanted), found: string[] = [];
  for (const name of names) {
    const other = splitVersion(name);
    if (other.base !== base || name === wanted) continue;
    found.push(found.length === MAX_VERSIONS ? "…" : other.version ?? "no version");
    if (found.length > MAX_VERSIONS) break;
  }
  if (found.length === 0) return undefined;
  const asked = version === undefined ? "no version" : `version ${version}`;
  return `; ${asked} of ${base} was asked for, and ${there} is incompatible: ${found.join(", ")}`;
}

/** Whether `wasi()` gives an interface: one of WASI 0.2 or 0.3, as released or as the candidate. */
export function givesWasi(name: string): boolean {
  return wasiHint(name) === GIVEN;
}

const GIVEN = "; `wasi()` of @windlass/component/wasi gives it: instantiate(component, { ...await wasi() })";

/**
 * Says which version of WASI an interface belongs to, and who provides it. `undefined` if it is not
 * a WASI interface, or is defined.
 */
export function wasiHint(name: string): string | undefined {
  const { base, version = "0.2.0" } = splitVersion(name);
  const [, pkg, iface] = /^wasi:([^/]+)\/(.+)$/.exec(base) ?? [];
  if (pkg === undefined || iface === undefined) return undefined;
  const [minor = ""] = /^\d+\.\d+/.exec(version) ?? [];
  const interfaces = WASI_INTERFACES[minor];
  if (interfaces === undefined) return `; it is of WASI ${minor}, and \`wasi()\` gives WASI 0.2 and 0.3`;
  if (EXPORTED.includes(base)) return "; `wasi()` does not give it: a component that exports it does";
  if (
    version.includes("-") && version !== WASI_CANDIDATE && (minor === "0.3" || hasInterface(interfaces, pkg, iface))
  ) {
    const or = minor === "0.3" ? `, and ${WASI_CANDIDATE}` : "";
    return `; ${version} came before WASI ${minor}.0, and \`wasi()\` gives ${minor}.0 and later${or}`;
  }
  if (!hasInterface(interfaces, pkg, iface)) return `; WASI ${minor} has no interface ${base}`;
  return GIVEN;
}

function hasInterface(interfaces: Readonly<Record<string, readonly string[]>>, pkg: string, iface: string): boolean {
  return interfaces[pkg]?.includes(iface) === true;
}

/** Names a similar name. Empty if there is none. */
export function alikeHint(wanted: string, names: Iterable<string>, which: string): string {
  const near = closest(wanted, names);
  return near === undefined ? "" : `; ${which} is ${near}`;
}
