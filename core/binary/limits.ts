// All limits of decoding, validating and planning, in one place.
// Values follow wasm-tools if it has the same limit. Run-time limits of instances are in
// abi/state/instance.ts, because abi/ must not import core/.

/** Items of one vector: types, aliases, exports, cases and so on. */
export const MAX_VECTOR = 1_000_000;
/** Fields of a record, cases of a variant or enum, types of a tuple. */
export const MAX_CASES = 10_000;
/** Names of one flags type. Fixed by the specification. */
export const MAX_FLAGS = 32;
/** Parameters of one function. */
export const MAX_PARAMS = 1_000;
/** Canonical options of one definition. */
export const MAX_CANON_OPTIONS = 10;
/** Components and component, instance or module types nested in each other. */
export const MAX_NESTING = 100;
/** Value types nested in each other. */
export const MAX_TYPE_DEPTH = 100;
/** Bytes of one section that is not a module or component. Such a section is read as a whole. */
export const MAX_SECTION_BYTES: number = 2 ** 28;
/** Bytes of one function's body, as the engines have agreed. Metering reads a body as a whole. */
export const MAX_BODY_BYTES = 7_654_321;
/** Component instances that one component unfolds into. */
export const MAX_COMPONENT_INSTANCES = 10_000;
/** Core instances that one component unfolds into. */
export const MAX_CORE_INSTANCES = 10_000;
/**
 * Memories of these core instances. An engine reserves 4 to 10 GiB of address space per memory, and
 * ends the process if the system does not provide it.
 */
export const MAX_MEMORIES = 1_000;
/** Tables of these core instances. */
export const MAX_TABLES = 10_000;
/** Initial elements of these tables: as many as engines allow for one table, 80 MB. */
export const MAX_TABLE_ELEMENTS = 10_000_000;
/** Globals of these core instances: as many as engines allow for one module. */
export const MAX_GLOBALS = 1_000_000;
/**
 * Imports and exports of these core instances together: as many as engines allow for one module of
 * either. V8 makes a function of 280 bytes for each exported one, so that this many take 280 MB.
 */
export const MAX_CORE_NAMES = 1_000_000;
/**
 * Definitions, and parts of definitions, that one component unfolds into. A nested component counts
 * each time it is instantiated.
 */
export const MAX_UNFOLDED_DEFINITIONS = 500_000;
/** Size of a value type in bytes, exclusive. Fixed by the specification. */
export const MAX_TYPE_BYTES: number = 2 ** 28;
/**
 * Characters that printing one world concatenates. Text that becomes part of other text counts each
 * time.
 */
export const MAX_PRINTED_CHARS = 64_000_000;
/** Size of a `package-docs` section in bytes. The comments of a larger one are left out. */
export const MAX_DOCS_BYTES: number = 2 ** 20;
/**
 * Supertypes above a core type, as the engines have agreed (core spec, "Implementation Limitations"
 * of the JS API).
 */
export const MAX_SUBTYPING_DEPTH = 63;
/** Calls between guests of one component that have adapters in WebAssembly; the rest go through JavaScript. */
export const MAX_ADAPTERS = 5_000;
/** Values that the code of one adapter handles one by one: some 20 bytes of code for each. */
export const MAX_ADAPTER_VALUES = 5_000;
/** Modules of adapters. Each has functions of its own for texts, which take some kilobytes. */
export const MAX_ADAPTER_MODULES = 500;
/** The same as {@linkcode MAX_ADAPTER_VALUES} for all adapters, which also enter instances one by one. */
export const MAX_FUSED_VALUES = 200_000;
