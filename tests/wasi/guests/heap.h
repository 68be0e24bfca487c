// Memory for guests that go on for long, in place of support.h: what is given back is used again,
// by sizes that are powers of two.

#include <stddef.h>
#include <stdint.h>

extern unsigned char __heap_base;
static unsigned char *heap_next = &__heap_base;
static void *heap_free[32];

/** In front of each piece of memory: the binary logarithm of its size. 16 bytes, for alignment. */
typedef struct { uint32_t order; uint32_t unused[3]; } piece_t;

void *malloc(size_t size) {
  uint32_t order = 5;
  while (((size_t)1 << order) < size + sizeof(piece_t)) order++;
  piece_t *piece = heap_free[order];
  if (piece) heap_free[order] = *(void **)(piece + 1);
  else {
    piece = (piece_t *)(((uintptr_t)heap_next + 15) & ~(uintptr_t)15);
    heap_next = (unsigned char *)piece + ((size_t)1 << order);
    size_t pages = ((uintptr_t)heap_next + 65535) >> 16, have = __builtin_wasm_memory_size(0);
    if (pages > have && __builtin_wasm_memory_grow(0, pages - have) == (size_t)-1) __builtin_trap();
    piece->order = order;
  }
  return piece + 1;
}
void free(void *pointer) {
  // A list without elements has no memory of its own: its pointer is its alignment.
  if ((uintptr_t)pointer < sizeof(piece_t)) return;
  piece_t *piece = (piece_t *)pointer - 1;
  *(void **)pointer = heap_free[piece->order];
  heap_free[piece->order] = piece;
}
#include "words.h"
void *realloc(void *old, size_t size) {
  void *made = malloc(size);
  if (old) {
    size_t had = ((size_t)1 << ((piece_t *)old - 1)->order) - sizeof(piece_t);
    memcpy(made, old, had < size ? had : size);
    free(old);
  }
  return made;
}
void abort(void) { __builtin_trap(); }
