// What the operating system says went wrong, as `wasi:filesystem/types#error-code`.

import { err, type Result } from "../../../abi/codecs/results.ts";
import { Trap } from "../../../errors.ts";
import { isLater, type Later, type Steps, take } from "./steps.ts";

/** The enum `error-code`, by the operating system's names. */
const CODES: Readonly<Record<string, string>> = {
  EACCES: "access",
  EAGAIN: "would-block",
  EWOULDBLOCK: "would-block",
  EALREADY: "already",
  EBADF: "bad-descriptor",
  EBUSY: "busy",
  EDEADLK: "deadlock",
  EDQUOT: "quota",
  EEXIST: "exist",
  EFBIG: "file-too-large",
  EILSEQ: "illegal-byte-sequence",
  EINPROGRESS: "in-progress",
  EINTR: "interrupted",
  EINVAL: "invalid",
  EIO: "io",
  EISDIR: "is-directory",
  ELOOP: "loop",
  EMFILE: "insufficient-memory",
  EMLINK: "too-many-links",
  EMSGSIZE: "message-size",
  ENAMETOOLONG: "name-too-long",
  ENFILE: "insufficient-memory",
  ENODEV: "no-device",
  ENOENT: "no-entry",
  ENOLCK: "no-lock",
  ENOMEM: "insufficient-memory",
  ENOSPC: "insufficient-space",
  ENOTDIR: "not-directory",
  ENOTEMPTY: "not-empty",
  ENOTRECOVERABLE: "not-recoverable",
  ENOSYS: "unsupported",
  ENOTSUP: "unsupported",
  EOPNOTSUPP: "unsupported",
  ENOTTY: "no-tty",
  ENXIO: "no-such-device",
  EOVERFLOW: "overflow",
  EPERM: "not-permitted",
  EPIPE: "pipe",
  EROFS: "read-only",
  ESPIPE: "invalid-seek",
  ETXTBSY: "text-file-busy",
  EXDEV: "cross-device",
};

/** What Deno says only by number, in words: Linux's. */
const NUMBERS: Readonly<Record<string, string>> = {
  11: "EAGAIN",
  26: "ETXTBSY",
  27: "EFBIG",
  28: "ENOSPC",
  40: "ELOOP",
  122: "EDQUOT",
};

/** Thrown on the way to a result. */
export class FsFailure extends Error {
  readonly errorCode: string;

  constructor(code: string, message: string = code) {
    super(message);
    this.errorCode = code;
  }
}

/**
 * The code for what an operation threw: ours, the operating system's, or a refusal of Deno's
 * permissions.
 */
export function fsErrorCode(error: unknown): string {
  if (error instanceof FsFailure) return error.errorCode;
  // A file system of a program's own may throw anything, `undefined` too.
  const { code, name, message } = (error ?? {}) as { code?: unknown; name?: unknown; message?: unknown };
  if (name === "NotCapable" || name === "PermissionDenied") return "access";
  const said = typeof code === "string" ? code : NUMBERS[/\(os error (\d+)\)/.exec(String(message))?.[1] ?? ""];
  return CODES[said ?? ""] ?? "io";
}

/** The value of an operation, or its error as a result; later, if the value is. Traps go on. */
export function attempt<T>(operation: () => Later<T>): Later<T | Result<never, string>> {
  try {
    const value = operation();
    return isLater(value) ? value.then(undefined, failed) : value;
  } catch (error) {
    return failed(error);
  }
}

/** The same of steps. */
export function attemptSteps<T>(begin: () => Steps<T>): Later<T | Result<never, string>> {
  return attempt(() => take(begin()));
}

function failed(error: unknown): Result<never, string> {
  if (error instanceof Trap) throw error;
  return err(fsErrorCode(error)) as Result<never, string>;
}
