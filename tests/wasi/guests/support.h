// What a guest without a C library needs: memory that is given back all at once, and words.h.

#include <stddef.h>
#include <stdint.h>

extern unsigned char __heap_base;
static unsigned char *arena_next = &__heap_base;

/** Gives all memory back. */
static inline void arena_reset(void) { arena_next = &__heap_base; }

void *malloc(size_t size) {
  unsigned char *at = (unsigned char *)(((uintptr_t)arena_next + 15) & ~(uintptr_t)15);
  size_t end = (uintptr_t)at + size, pages = (end + 65535) >> 16, have = __builtin_wasm_memory_size(0);
  if (pages > have && __builtin_wasm_memory_grow(0, pages - have) == (size_t)-1) __builtin_trap();
  arena_next = at + size;
  return at;
}
#include "words.h"
void *realloc(void *old, size_t size) {
  unsigned char *made = malloc(size);
  // Copies what may lie beyond the old end, which is memory of ours all the same.
  if (old) memcpy(made, old, size);
  return made;
}
void free(void *pointer) { (void)pointer; }
void abort(void) { __builtin_trap(); }
