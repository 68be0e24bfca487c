// Drops a value that came too late for anybody to take: its resources, streams and futures.

import { dispose } from "../dispose.ts";
import { isPrimitive, type ValType } from "../types/types.ts";

/** Drops what a lifted value owns. Flat values own nothing. */
export function dropValue(type: ValType | undefined, value: unknown): void {
  if (type === undefined || isPrimitive(type) || typeof value !== "object" || value === null) return;
  const parts = value as Record<string, unknown> & { val?: unknown; tag?: string };
  switch (type.kind) {
    case "own":
    case "future":
      return void (value as { [dispose]?: () => void })[dispose]?.();
    case "stream":
      // The host gives other iterables, too, which hold nothing before they are read.
      if (value instanceof ReadableStream) value.cancel().catch(() => {});
      return;
    case "list":
    case "fixed-list":
      if (isPrimitive(type.element)) return;
      for (const element of value as Iterable<unknown>) dropValue(type.element, element);
      return;
    case "tuple":
      return type.types.forEach((part, i) => dropValue(part, (value as unknown as unknown[])[i]));
    case "record":
      // Members have the names that host/ gave them, in the order of the fields.
      return Object.values(parts).forEach((part, i) => dropValue(type.fields[i]?.type, part));
    case "map":
      for (const part of (value as Map<unknown, unknown>).values()) dropValue(type.value, part);
      return;
    case "variant":
      return dropValue(type.cases.find(({ name }) => name === parts.tag)?.type, parts.val);
    case "result":
      return dropValue(parts.tag === "ok" ? type.ok : type.err, parts.val);
    case "option":
      return dropValue(type.element, type.element.kind === "option" ? parts.val : value);
    default:
      return;
  }
}
