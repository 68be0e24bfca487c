// The Mandelbrot set in characters: mandelbrot COLUMNS X Y WIDTH.

#include <stdlib.h>
#include <string.h>
#include "mandelbrot.h"

#define MAX_COLUMNS 400
/** Rounds until a point counts as one of the set's. */
#define ROUNDS 500
/** A character is so many times as high as it is wide. */
#define ASPECT 2.0

static wasi_cli_stdout_own_output_stream_t out;

static bool print(const char *bytes, size_t length) {
  mandelbrot_list_u8_t contents = {(uint8_t *)bytes, length};
  wasi_io_streams_stream_error_t error;
  return wasi_io_streams_method_output_stream_blocking_write_and_flush(
      wasi_io_streams_borrow_output_stream(out), &contents, &error);
}

/** A decimal number; anything after it is ignored. */
static double number(const mandelbrot_string_t *text) {
  double value = 0, unit = 1;
  bool negative = false, fraction = false;
  for (size_t i = 0; i < text->len; i++) {
    char c = (char)text->ptr[i];
    if (i == 0 && c == '-') negative = true;
    else if (c == '.' && !fraction) fraction = true;
    else if (c >= '0' && c <= '9') {
      value = value * 10 + (c - '0');
      if (fraction) unit *= 10;
    } else break;
  }
  return (negative ? -value : value) / unit;
}

static int rounds(double x, double y) {
  double a = 0, b = 0;
  int count = 0;
  while (count < ROUNDS && a * a + b * b < 4) {
    double next = a * a - b * b + x;
    b = 2 * a * b + y;
    a = next;
    count++;
  }
  return count;
}

bool exports_wasi_cli_run_run(void) {
  static const char shades[] = " .,:;i1tfLCG08@";
  mandelbrot_list_string_t args;
  wasi_cli_environment_get_arguments(&args);
  double columns = args.len > 1 ? number(&args.ptr[1]) : 64;
  double x = args.len > 2 ? number(&args.ptr[2]) : -0.6, y = args.len > 3 ? number(&args.ptr[3]) : 0;
  double width = args.len > 4 ? number(&args.ptr[4]) : 3;
  out = wasi_cli_stdout_get_stdout();
  bool fine = columns >= 8 && columns <= MAX_COLUMNS && width > 0;
  if (!fine) {
    static const char usage[] = "usage: mandelbrot COLUMNS (8 to 400) X Y WIDTH\n";
    print(usage, sizeof usage - 1);
  }
  int count = (int)columns, rows = (int)(columns / ASPECT * 0.75);
  double step = width / columns;
  char line[MAX_COLUMNS + 1];
  for (int row = 0; fine && row < rows; row++) {
    for (int column = 0; column < count; column++) {
      int needed = rounds(x + (column - columns / 2) * step, y + ((rows - 1) / 2.0 - row) * step * ASPECT);
      int shade = 0;
      for (int left = needed; left > 1 && shade < (int)sizeof shades - 2; left = left * 2 / 3) shade++;
      line[column] = shades[needed == ROUNDS ? sizeof shades - 2 : shade];
    }
    line[count] = '\n';
    fine = print(line, count + 1);
  }
  wasi_io_streams_output_stream_drop_own(out);
  return fine;
}
