// Bytes and texts, for guests without a C library.

#include <stddef.h>
#include <stdint.h>

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
