// The program that everybody writes first.

#include <stdio.h>

int main(void) {
  puts("hello, world");
  return 0;
}
