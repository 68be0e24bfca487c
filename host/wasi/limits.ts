// Bounds on what guests may use of the host's through WASI.

/**
 * Files of the host's that may be open at once under one set of WASI options: one guest's, or those
 * of all instances of a server. Half of what a process may have by the usual limit of 1024, so that
 * a guest cannot take the last one. Directories are not counted: an open directory holds no
 * descriptor of the operating system.
 */
export const MAX_DESCRIPTORS = 512;
