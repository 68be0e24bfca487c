// What can go wrong, in words: one table of phrases for each class of errors, by their codes.
// A phrase is the tail of a message, after its place; `{0}` and `{1}` stand for details. Nothing is
// imported here.
// Phrases follow the reference test suite (WebAssembly/component-model test/) and Wasmtime's
// wording.

/**
 * What can be wrong with a binary: code → how the message starts. Details follow after a comma or
 * in place of `{0}`.
 */
export const COMPILE_PHRASES = {
  /** The input ends inside a production. */
  "unexpected-end": "unexpected end-of-file",
  /** The first four bytes are not `\0asm`. */
  "bad-magic": "magic header not detected: bad magic number{0}",
  /** The version or layer field is none that this library knows. */
  "unknown-version": "unknown binary version and encoding combination, expected 0xd and 0x1, found {0}",
  /** A core module where a component was expected. */
  "core-module": "expected a WebAssembly component, found a WebAssembly core module; give it to `WebAssembly.compile`",
  /** A section id above 12. */
  "unknown-section": "malformed section id: {0}",
  /** A LEB128 integer with too many bytes or bits. */
  "bad-leb": "invalid {0}: integer {1}",
  /** A byte that no alternative of a production starts with. */
  "unknown-opcode": "invalid leading byte ({0}) for {1}",
  /** A flag byte that is neither 0 nor 1. */
  "invalid-boolean": "invalid boolean value, found {0}",
  /** A name that is not UTF-8. */
  "invalid-utf8": "malformed UTF-8 encoding",
  /** Bytes left over at the end of a section or of the component. */
  "trailing-bytes": "unexpected data at the end of the section",
  /** A vector's length exceeds what its section can hold or what we allow. */
  "limit-exceeded": "{0} count exceeds limit of {1}",
  /** Types nest more deeply than we allow. */
  "nesting-too-deep": "type nesting is too deep",
  /** A value type whose size is 2^28 bytes or more. */
  "type-too-large": "type is too large: its size exceeds maximum byte size",
  /** An index that its index space does not hold. */
  "unknown-index": "unknown {0} {1}: {0} index out of bounds",
  /** An item is of another sort or kind than the definition needs. */
  "wrong-kind": "{0} is not {1}",
  /** A type is another than the definition needs. */
  "type-mismatch": "type mismatch{0}",
  /** A name breaks the grammar of names. */
  "invalid-name": "{0}: `{1}` is not a valid extern name",
  /** A name that is too like another one. */
  "name-conflict": "{0} conflicts with previous {1} `{2}`",
  /** A function is not what its annotated name says. */
  "invalid-annotation": "{1}: `{0}`",
  /** An import or export mentions a type that has no name outside. */
  "not-visible": "{0} not valid to be used as {1} `{2}`: it mentions a type that has no name there",
  /** A gated feature of the specification that is off. */
  "closed-gate": '{0} needs the gate `{1}`: pass { gates: { "{1}": true } }',
  /** A core function has another type than its use asks for. */
  "core-signature": "{0}",
  /** An alias or argument names something that is not there. */
  "missing-export": "{0} has no export named `{1}`",
  /** An instantiation leaves an import without argument. */
  "missing-argument": "missing {0} named `{1}`",
  /** A core module's exports, or its imports by both names, are not unique. */
  "duplicate-core-name": "{0}",
  /** A name given twice where names are unique. */
  "duplicate-name": "duplicate {0} named `{1}`",
  /** A canonical option is given twice, contradicts another or is missing. */
  "canonical-option": "canonical {0}",
  /** A rule of value types is broken. */
  "invalid-type": "{0}",
  /** The engine refused a core module. */
  "core-module-invalid": "core module {0} is invalid: {1}",
  /** The engine lacks a proposal that a core module uses. */
  "missing-feature": "core module {0} needs {1}, which this engine does not have",
  /** `modules` does not fit the component. */
  "wrong-modules": "option `modules` has {0} modules, expected {1}",
  /** A module of `modules` is another than the component has in its place. */
  "misplaced-module": "option `modules`: module {0} lacks the {1}",
  /** The same for a module that fits by names and kinds. */
  "wrong-module": "option `modules`: module {0} is another one: {1}",
  /** A module that was written ahead of time, by another version of the library. */
  "other-version": "it was written ahead of time by version {0} of the library, and this is {1}: write it again",
  /** A module of `modules` has the mark of metered ones, and is none. */
  "wrong-metering": "option `modules`: module {0} says that it is metered, but {1}",
  /** The rest of a component that was split, without its modules. */
  "modules-apart":
    "its core modules were split from it: pass { modules }, all {0} of them in the order of their numbers",
  /** The engine is not allowed to compile. */
  "compiling-forbidden":
    "compiling is not allowed here ({0}): `windlass split` gives the core modules, to be compiled elsewhere and passed as { modules }",
  /** A memory's minimum exceeds `maxMemoryPages`. */
  "memory-cap": "memory of core module {0} starts with {1} pages, more than maxMemoryPages {2}",
  /** A part of the specification that this version does not run yet. */
  "unsupported": "{0} is not supported yet",
  /** What a gate waits for: the specification names it and has no rules for it. */
  "unspecified": "{0} has no rules in the specification yet; the gate `{1}` waits for them",
  /** A Response that is not ok. */
  "bad-response": "the response has status {0}",
} as const;
/** Codes of {@linkcode CompileError}. */
export type CompileErrorCode = keyof typeof COMPILE_PHRASES;

/** What can be wrong with the imports that a host gives. */
export const LINK_PHRASES = {
  /** A core module that the host provides is not metered, and the component is. */
  "not-metered": "the host's core module is not metered: compile the component that it comes from with `metering`",
  /** A core module that the host provides is metered, and the component is not. */
  "metered": "the host's core module is metered, and this component is not: compile it with `metering`, too",
  /** Metered modules need the library's helper, and nothing may be compiled. */
  "no-helper":
    "metered modules need a helper, and compiling is not allowed here: pass it in `modules`, as `windlass split` writes it",
  /** The memories and tables that a component begins with exceed the limit `memory`. */
  "memory-limit": "its memories and tables begin with more than {0} bytes: limit `memory`",
  /** Nothing is defined for an import. */
  "missing-import": "a definition was not found{0}",
  /** An import, or a typed lookup, has another type. */
  "type-mismatch": "type mismatch{0}",
  /** Another sort of thing is defined than the import asks for. */
  "wrong-sort": "expected {0} found {1}",
  /** A value import has to be equal to another value, and is not. */
  "mismatched-value": "it must be equal to the value that its type names",
  /** A linker defines a name twice. */
  "already-defined": "it is defined already; pass { shadowing: true } to redefine names",
  /** `instance.func` finds no such export. */
  "missing-export": "the component exports no such function{0}",
  /** A core module that the host gave lacks what its declared type promises, or needs more. */
  "module-mismatch": "module {0} {1}",
  /** An engine refused to instantiate a core module. */
  "core-link": "{0}",
  /** An import, or what the host gives for it, needs a feature that the engine lacks. */
  "missing-feature": "{0} needs {1}, which this engine does not have",
  /** Two imports must be one resource type, and the host gives two classes. */
  "mismatched-resource": "mismatched resource types: `{0}` is another class elsewhere",
  /** Of the draft JS API: nested instances have too many definitions. */
  "too-many-definitions": "it imports or exports more than {0} definitions",
} as const;
/** Codes of {@linkcode LinkError}. */
export type LinkErrorCode = keyof typeof LINK_PHRASES;

/** What a guest can do wrong at run time. */
export const TRAP_PHRASES = {
  // Comments of these members stay on one line: TypeScript's declarations of them begin with
  // `readonly`, and Deno's emitter puts the comment after it, where a line break ends the member.
  /** The instance runs already, or was locked down; the detail says which, and what runs. */
  "cannot-enter": "cannot enter component instance{0}",
  /** A guest called out during realloc or post-return. */
  "cannot-leave": "cannot leave component instance",
  /** A guest reached a suspending import from where it cannot be suspended. */
  "cannot-suspend": "cannot suspend {0}",
  /** Calls between component instances nest too deeply. */
  "call-depth-limit": "more than {0} nested calls: limit `callDepth`",
  /** A pointer is not aligned for what it points to. */
  "unaligned-pointer": "unaligned pointer",
  /** A record of parameters or results lies outside the memory. */
  "pointer-out-of-bounds": "pointer out of bounds of memory",
  /** A string lies outside the memory or is longer than 2^28 - 1 bytes. */
  "string-out-of-bounds": "string pointer/length out of bounds of memory",
  /** A list lies outside the memory or is longer than 2^28 - 1 bytes. */
  "list-out-of-bounds": "list pointer/length out of bounds of memory",
  /** A string passed between guests lies outside the memory. */
  "string-content-out-of-bounds": "string content out-of-bounds",
  /** A list passed between guests lies outside the memory. */
  "list-content-out-of-bounds": "list content out-of-bounds",
  /** `realloc` gave a misaligned pointer. */
  "realloc-unaligned": "realloc return: result not aligned",
  /** `realloc` gave a range outside the memory. */
  "realloc-out-of-bounds": "realloc return: beyond end of memory",
  /** A string is not UTF-8. */
  "invalid-utf8": "{0}",
  /** A string is not UTF-16. */
  "invalid-utf16": "unpaired surrogate found: {0}",
  /** A char is a surrogate or beyond U+10FFFF. */
  "invalid-char": "invalid `char` bit pattern",
  /** A variant's discriminant names no case. */
  "invalid-discriminant": "invalid variant discriminant",
  /** A handle index that the table does not hold. */
  "unknown-handle": "unknown handle index {0}",
  /** A handle of another resource type. */
  "wrong-handle-type": "handle index {0} used with the wrong type, expected {1} but found {2}",
  /** An own handle was wanted and a borrow given. */
  "own-from-borrow": "cannot lift own resource from a borrow",
  /** An own handle is given away or dropped while it is lent. */
  "lent-handle": "cannot remove owned resource while borrowed",
  /** A guest kept a borrow beyond its call. */
  "borrows-remain": "borrow handles still remain at the end of the call",
  /** The handle table is full, or there are too many handles to resources of the host's. */
  "handle-limit": "handle table is full: limit of {0} handles{1}",
  /** More bytes were lifted in one call than the instance's limit. */
  "lifted-bytes-limit": "more than {0} bytes lifted in one call: limit `liftedBytes`",
  /** Of the draft JS API: a host function threw where its type has no error. */
  "host-threw": "the host function threw: see `cause`",
  /** Of the draft JS API: what a host function gave cannot be converted to its type. */
  "host-value": "what the host function {0} cannot be converted: see `cause`",
  /** A core exception reached the boundary of its component. */
  "uncaught-exception": "uncaught exception propagated out of component",
  /** The guest trapped by itself; the phrase is the engine's. */
  "guest-trap": "{0}",
  /** The guest recursed too deeply. */
  "stack-overflow": "call stack exhausted",
  /** The fuel of the limit `fuel` is used up. */
  "out-of-fuel": "all fuel consumed: limit `fuel`",
  /** A call ran longer than the limit `deadline` allows. */
  "deadline": "ran longer than {0} ms: limit `deadline`",
  /** A synchronous task, or a core start function, would have to wait. */
  "block-sync-task": "cannot block a synchronous task before returning{0}",
  /** A synchronous built-in is called with a waitable that is in a waitable set. */
  "sync-in-waitable-set": "waitable cannot be used synchronously while added to a waitable set",
  /** `task.return` in a task whose lift has another result, memory or string encoding, or is not async. */
  "task-return-mismatch": "invalid `task.return` signature and/or options for current task",
  /** A task resolves for the second time. */
  "task-resolved": "`task.return` or `task.cancel` called more than once for current task",
  /** `task.cancel` without a cancellation that was delivered. */
  "task-not-cancelled": "`task.cancel` called by task which has not been cancelled",
  /** The last thread of a task ended before the task resolved. */
  "no-result": "async-lifted export failed to produce a result: it ended without `task.return`",
  /** A callback returned a code that there is not. */
  "callback-code": "unsupported callback code {0}",
  /** The counter of `backpressure.inc` and `backpressure.dec` leaves its range. */
  "backpressure-overflow": "backpressure counter overflow",
  /** `subtask.cancel` after the subtask's end was delivered, or for the second time. */
  "subtask-terminal": "`subtask.cancel` called after terminal status delivered",
  /** `subtask.drop` before the subtask's end was delivered. */
  "subtask-unresolved": "cannot drop a subtask which has not yet resolved",
  /** A waitable set that still has members is dropped. */
  "waitable-set-members": "cannot drop waitable set with waitables in it",
  /** A waitable set that a thread waits for is dropped. */
  "waitable-set-waiters": "cannot drop waitable set with waiters",
  /** A second read or write while one is pending. */
  "concurrent-copy": "cannot have concurrent operations active on a future/stream",
  /** A read or write after the other end's drop was reported. */
  "copy-after-drop": "cannot {0} after being notified that the {1} end dropped",
  /** A second read of a future. */
  "future-read-done": "cannot read from future after previous read succeeded",
  /** A second write of a future. */
  "future-write-done": "cannot write to future after previous write succeeded or readable end dropped",
  /** A buffer of 2^28 elements or more. */
  "copy-too-large": "stream read/write count too large",
  /** The buffer of a read or write is not aligned. */
  "copy-unaligned": "{0} pointer not aligned",
  /** The buffer of a read or write lies outside the memory. */
  "copy-out-of-bounds": "{0} pointer out of bounds of memory",
  /** Both ends are in one instance, and the elements are no numbers. */
  "intra-component-copy": "cannot read from and write to intra-component future/stream with non-numeric payload",
  /** A cancellation of a read or write when there is none, or when it was cancelled already. */
  "no-copy-pending": "stream or future {0} cancelled when no {0} is pending",
  /** An end is dropped or given away while it reads or writes. */
  "busy-end": "cannot {0} busy {1}",
  /** The writable end of a future is dropped before anything was written. */
  "future-unwritten": "cannot drop future write end without first writing a value",
  /** An end that is in a waitable set is given away. */
  "lift-in-set": "cannot lift {0} while it's in a waitable set",
  /** A stream's end is given away after the other end's drop was reported. */
  "lift-after-drop": "cannot lift stream after being notified that the writable end dropped",
  /** A future's end is given away after it was read. */
  "lift-after-read": "cannot lift future after previous read succeeded",
  /** An end of a stream or future of another type. */
  "wrong-end-type": "handle is a {0} of a different type",
  /** The message of an error context lies outside the memory, or is to be stored there. */
  "error-context-message": "invalid debug message pointer: out of bounds of memory",
  /** `thread.new-indirect` with an index beyond its table. */
  "thread-table-bounds": "the start function index {0} is out of bounds of the table",
  /** `thread.new-indirect` with an index that holds no function. */
  "thread-no-function": "the start function index points to an uninitialized function",
  /** `thread.new-indirect` with a function of another type. */
  "thread-function-type": "start function does not match expected type (func (param {0}))",
  /** An index that the table of threads does not hold. */
  "unknown-thread": "unknown thread index {0}",
  /** A thread that runs or waits is resumed. */
  "thread-not-suspended": "cannot resume thread which is not suspended",
  /** The host has more calls under way than the limit of the instance allows. */
  "task-limit": "more than {0} calls are under way: limit `tasks`",
  /** Every task waits, and nothing is left that could wake one. */
  "deadlock": "deadlock detected: event loop cannot make further progress{0}",
  /** The engine gives JavaScript no view of a memory. */
  "memory-too-large": "a memory is larger than the engine's views go: {0}",
  /** A borrow of a resource with a 64-bit representation that goes to the guest that defines it. */
  "borrow-representation": "the representation of a borrowed resource does not fit in an i32",
  /** A built-in whose run-time comes with a later version. */
  "unsupported-builtin": "unsupported built-in {0}",
  /** A guest broke a rule of a host's interface, and the interface says that this traps. */
  "interface-rule": "{0}",
  /** `trapUnknown()` stands in for an import that nobody defined. */
  "unknown-import": "unknown import",
} as const;
/** Codes of {@linkcode Trap}. */
export type TrapCode = keyof typeof TRAP_PHRASES;

/** What a host can do wrong with a value. */
export const VALUE_PHRASES = {
  /** A value is not of the type. */
  "type-mismatch": "expected {0}, found {1}",
  /** A record lacks a field. */
  "missing-field": "missing field, expected {0}",
  /** A flags object names a flag that there is not. */
  "unknown-flag": "unknown flag `{0}`, expected {1}",
  /** A variant or enum case that there is not. */
  "unknown-case": "unknown variant case `{0}`, expected {1}",
  /** A case without payload was given one. */
  "unexpected-payload": "unexpected payload for case `{0}`",
  /** A promise where a value is due. */
  "promise":
    "expected {0}, found a promise: await it first, or declare the host function that returns it with `suspending(fn)` or `{ suspends: true }`",
  /** A promise cannot give an object whose member `then` is a function: it would call that. */
  "thenable":
    "a promise cannot give an object whose member `then` is a function: a host's resource, or a record of one",
  /** A string or list of 2^28 bytes or more. */
  "too-long": "{0} of {1} bytes is longer than 2^28 - 1 bytes",
  /** A resource wrapper is used after it was dropped, given away or returned. */
  "dead-resource": "{0}",
  /** A resource is given away while it is lent. */
  "lent-resource": "cannot remove owned resource while borrowed",
  /** A constructor is called on a resource that exports none. */
  "no-constructor": "{0} exports no constructor",
} as const;
/** Codes of {@linkcode ValueError}. */
export type ValueErrorCode = keyof typeof VALUE_PHRASES;
