// Every implementation limit of the decoder and the planner, in one place.
// Values follow wasm-tools where it has one. Run-time limits of instances are in abi/state/instance.ts, since abi/ may not import core/.

/** Entries of one vector: types, aliases, exports, cases, … */
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
/** Bytes of one section that is not a module or component: it is read as a whole. */
export const MAX_SECTION_BYTES: number = 2 ** 28;
/** Component instances that one component unfolds into. */
export const MAX_COMPONENT_INSTANCES = 10_000;
/** Core instances that one component unfolds into. */
export const MAX_CORE_INSTANCES = 10_000;
/**
 * Memories that those make. Engines reserve 4 to 10 GiB of addresses for each, and end the process
 * where a system gives no more.
 */
export const MAX_MEMORIES = 1_000;
/** Tables that those make. */
export const MAX_TABLES = 10_000;
/** Elements of those tables, as they begin: as many as engines allow one table, 80 MB. */
export const MAX_TABLE_ELEMENTS = 10_000_000;
/** Globals that those make: as many as engines allow one module. */
export const MAX_GLOBALS = 1_000_000;
/**
 * Imports and exports that those have, together: as many as engines allow one module of either. V8
 * makes a function of 280 bytes for each that is exported, so that this many take 280 MB.
 */
export const MAX_CORE_NAMES = 1_000_000;
/** Definitions and their parts that one component unfolds into, nested components counted each time they are instantiated. */
export const MAX_UNFOLDED_DEFINITIONS = 500_000;
/** Size of a value type in bytes, exclusive. Fixed by the specification. */
export const MAX_TYPE_BYTES: number = 2 ** 28;
/** Characters that one printed world puts together, those of parts that end up in others counted each time. */
export const MAX_PRINTED_CHARS = 64_000_000;
/** Supertypes above a core type: what the engines have agreed on (core spec, "Implementation Limitations" of the JS API). */
export const MAX_SUBTYPING_DEPTH = 63;
