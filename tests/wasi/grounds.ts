// What preopens may stand on, for the tables that run over each: the system's files by descriptor and
// by path, files in memory, a browser's directory.

import { Directories } from "../../host/wasi/files/directories.ts";
import { usesDescriptors } from "../../host/wasi/files/node_walks.ts";
import { Descriptor } from "../../host/wasi/filesystem.ts";
import { P3Descriptor } from "../../host/wasi/p3_filesystem.ts";
import { directoryHandle, type FileSystem, memoryFileSystem } from "@windlass/component/wasi";
import { FakeDirectory } from "./handles.ts";
import { type Any, good, isErr, nodeModule } from "./support.ts";

/** A place to plant things in, and to look at them from outside. */
export interface Ground {
  /** What an absolute path to something in it is. */
  absolute(path: string): string;
  folder(path: string): Promise<void>;
  file(path: string, text: string): Promise<void>;
  link(to: string, path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** What is there: a line for each, below a folder. */
  picture(path?: string): Promise<readonly string[]>;
  /** How many names a file has. */
  links(path: string): Promise<bigint>;
  /** A guest's descriptor of a folder, as each version of WASI has it. */
  open(path: string): Promise<Any>;
}

/** A kind of ground. */
export interface Kind {
  readonly name: string;
  /** Whether it has symbolic links, hard links, and times that may be set. */
  readonly hasLinks: boolean;
  /** Whether the operating system decides what its operations do. */
  readonly isSystem: boolean;
  use(use: (ground: Ground) => Promise<void>): Promise<void>;
}

/** The faces that a descriptor may have. */
export const faces: Readonly<Record<string, (descriptor: Any) => Any>> = {
  "0.2": (descriptor) => descriptor,
  "0.3": (descriptor) => new P3Descriptor(descriptor, { read: true, mutateDirectory: true }),
};

/** The code of a failure in either version; nothing for what worked. */
export function codeOf(answer: unknown): string | undefined {
  if (!isErr(answer)) return undefined;
  const { val } = answer as Any;
  return typeof val === "string" ? val : val.tag;
}

function line(name: string, type: string, size: number | bigint, timed: boolean): string {
  const kind = type === "directory" ? "directory" : type === "symbolic-link" ? "link" : `file ${size}`;
  return `${name} ${kind}${timed ? " timed" : ""}`;
}

const below = (path: string, name: string): string => path === "." ? name : `${path}/${name}`;

/** The system's files. */
function system(name: string, descriptors: boolean): Kind {
  return {
    name,
    hasLinks: true,
    isSystem: true,
    async use(use) {
      const fs = nodeModule("node:fs"), base = fs.realpathSync(await Deno.makeTempDir());
      const at = (path: string): string => `${base}/${path}`;
      const picture = (path: string): string[] => {
        const is = fs.lstatSync(at(path));
        const type = is.isDirectory() ? "directory" : is.isSymbolicLink() ? "symbolic-link" : "regular-file";
        const within = is.isDirectory() ? fs.readdirSync(at(path)) : [];
        return [
          line(path, type, is.size, is.mtimeMs === 5000),
          ...within.flatMap((part) => picture(below(path, part))),
        ];
      };
      const done = <A extends unknown[]>(func: (...args: A) => void) => (...args: A): Promise<void> =>
        Promise.resolve(func(...args));
      const directories = new Directories(undefined, descriptors);
      try {
        await use({
          absolute: at,
          folder: done((path) => void fs.mkdirSync(at(path), { recursive: true })),
          file: done((path, text) => fs.writeFileSync(at(path), text)),
          link: done((to, path) => fs.symlinkSync(to, at(path))),
          rename: done((from, to) => fs.renameSync(at(from), at(to))),
          picture: (path = ".") => Promise.resolve(picture(path)),
          links: (path) => Promise.resolve(BigInt(fs.statSync(at(path)).nlink)),
          open: (path) => Promise.resolve(Descriptor.preopen(directories, directories.preopen(at(path)), false)),
        });
      } finally {
        fs.rmSync(base, { recursive: true });
      }
    },
  };
}

/** A file system of a program's own. */
function own(name: string, hasLinks: boolean, make: () => FileSystem | Promise<FileSystem>): Kind {
  return {
    name,
    hasLinks,
    isSystem: false,
    async use(use) {
      const files = await make(), directories = new Directories();
      const root = (): Any => Descriptor.preopen(directories, directories.preopen(files), false);
      const picture = async (path: string): Promise<string[]> => {
        const real = path === "." ? "" : path, stat = (await files.stat(real))!;
        const lines = [line(path, stat.type, stat.size, stat.modified === 5_000_000_000n)];
        if (stat.type !== "directory") return lines;
        for (const entry of await files.entries(real)) {
          if (entry instanceof Error) throw entry;
          lines.push(...await picture(below(path, entry.name)));
        }
        return lines;
      };
      const mode = { read: true, write: true, create: true, exclusive: false, truncate: true };
      await use({
        absolute: (path) => `/${path}`,
        async folder(path) {
          const parts = path.split("/");
          for (let n = 1; n <= parts.length; n++) {
            const part = parts.slice(0, n).join("/");
            if (await files.stat(part) === undefined) await files.makeDirectory(part);
          }
        },
        async file(path, text) {
          const file = await files.open(path, { ...mode, sync: false, dataSync: false });
          await file.write(new TextEncoder().encode(text), 0);
          await file.close();
        },
        async link(to, path) {
          await files.symbolicLink!(to, path);
        },
        async rename(from, to) {
          await files.rename(from, to);
        },
        picture: (path = ".") => picture(path),
        links: async (path) => (await files.stat(path))!.links ?? 1n,
        async open(path) {
          return path === "." ? root() : good(await root().openAt({}, path, { directory: true }, { read: true }));
        },
      });
    },
  };
}

interface OriginFolder {
  getDirectoryHandle(name: string, options: { create: boolean }): Promise<OriginFolder>;
}
interface Storage {
  getDirectory?(): Promise<OriginFolder>;
}
const origin: Storage["getDirectory"] = (globalThis as { navigator?: { storage?: Storage } }).navigator?.storage
  ?.getDirectory;
let folders = 0;

/** A new folder of the browser's own files. */
export async function originFolder(): Promise<unknown> {
  const { storage } = globalThis.navigator as unknown as { storage: Required<Storage> };
  return await (await storage.getDirectory()).getDirectoryHandle(`${Date.now()}-${folders++}`, { create: true });
}

/** File systems of a program's own that there are here. */
export const systems: Readonly<Record<string, () => FileSystem | Promise<FileSystem>>> = {
  "in memory": () => memoryFileSystem(),
  "a browser's directory": () => directoryHandle(new FakeDirectory()),
  ...origin === undefined ? {} : { "the origin's private files": () => originFolder().then(directoryHandle) },
};

/** The kinds that there are here. */
export const grounds: readonly Kind[] = [
  ...usesDescriptors() ? [system("the system's files by descriptor", true)] : [],
  ...hasFiles() ? [system("the system's files by path", false)] : [],
  ...Object.entries(systems).map(([name, make]) => own(name, name === "in memory", make)),
];

function hasFiles(): boolean {
  try {
    return nodeModule("node:fs") !== undefined;
  } catch {
    return false;
  }
}

/** Lets go of what a guest was given. */
export function drop(answer: unknown): void {
  (answer as Any)?.[Symbol.dispose]?.();
}
