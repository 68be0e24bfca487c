// Bounds of what a guest or its peer may make the host keep for HTTP.

/**
 * Bytes of the fields of one message, with the overhead below. More is a trap in WASI 0.2, as in
 * Wasmtime.
 */
export const MAX_FIELDS_SIZE: number = 1 << 17;
/**
 * Counted for each field besides the bytes of its name and value: fields without any bytes are not
 * free.
 */
export const FIELD_OVERHEAD = 64;
/** Bytes of a body that is kept whole, where an engine or a plain call has no way to stream it. */
export const MAX_KEPT_BODY: number = 1 << 27;
