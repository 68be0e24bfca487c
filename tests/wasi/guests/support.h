// What a guest without a C library needs: memory that is given back all at once, and a few words.

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
void *memcpy(void *to, const void *from, size_t size) {
  for (size_t i = 0; i < size; i++) ((unsigned char *)to)[i] = ((const unsigned char *)from)[i];
  return to;
}
void *memset(void *to, int value, size_t size) {
  for (size_t i = 0; i < size; i++) ((unsigned char *)to)[i] = (unsigned char)value;
  return to;
}
size_t strlen(const char *text) {
  size_t length = 0;
  while (text[length]) length++;
  return length;
}
void *realloc(void *old, size_t size) {
  unsigned char *made = malloc(size);
  // Copies what may lie beyond the old end, which is memory of ours all the same.
  if (old) memcpy(made, old, size);
  return made;
}
void free(void *pointer) { (void)pointer; }
void abort(void) { __builtin_trap(); }

/** Whether bytes are this text. */
static inline int is(const uint8_t *bytes, size_t length, const char *text) {
  if (length != strlen(text)) return 0;
  for (size_t i = 0; i < length; i++) if (bytes[i] != (uint8_t)text[i]) return 0;
  return 1;
}
/** Whether bytes begin with this text. */
static inline int begins(const uint8_t *bytes, size_t length, const char *text) {
  return length >= strlen(text) && is(bytes, strlen(text), text);
}
