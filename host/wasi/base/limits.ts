// Bounds on what guests may use of the host's through WASI.

/**
 * Files of the host's that may be open at once under one set of WASI options: one guest's, or those
 * of all instances of a server. Half of what a process may have by the usual limit of 1024, so that
 * a guest cannot take the last one. Directories are not counted: an open directory holds no
 * descriptor of the operating system.
 */
export const MAX_DESCRIPTORS = 512;

/** Bytes that all files of one file system in memory may have: one gibibyte. */
export const MAX_MEMORY_BYTES: number = 2 ** 30;

/** Names of files, folders and links that one file system in memory may have. */
export const MAX_MEMORY_NAMES: number = 2 ** 18;

/** Characters of a name in memory: what POSIX calls NAME_MAX. */
export const MAX_NAME = 255;

/** Characters of a whole path in memory, which grows by directories that are opened in each other. */
export const MAX_WHOLE_PATH: number = 2 ** 16;
