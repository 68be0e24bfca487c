// What tools read of a binary: whether it is a component, and what that imports and exports.
// Bytes enter; a component whose core modules are not compiled leaves.

import { outlineComponent } from "../../core/compile.ts";
import type { Component } from "../../core/component.ts";
import { printers } from "../printers.ts";

/**
 * Whether bytes are a component: the `layer` field of the preamble says so. Core modules, and what
 * is no WebAssembly, are left to whoever loads them.
 */
export function isComponent(bytes: Uint8Array): boolean {
  return [0, 0x61, 0x73, 0x6d].every((byte, i) => bytes[i] === byte) && bytes[6] === 1 && bytes[7] === 0;
}

/**
 * Decodes and validates a component.
 *
 * @throws CompileError if it is malformed or invalid; what only the engine finds in a core module is
 * not seen.
 */
export function outline(bytes: Uint8Array): Component {
  return outlineComponent(bytes, printers);
}
