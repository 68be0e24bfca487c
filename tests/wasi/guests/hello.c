// Greets by name: the smallest command.

#include "hello.h"
#include "support.h"

static wasi_cli_stdout_own_output_stream_t out;

static void print(const void *bytes, size_t length) {
  hello_list_u8_t contents = {(uint8_t *)bytes, length};
  wasi_io_streams_stream_error_t error;
  if (!wasi_io_streams_method_output_stream_blocking_write_and_flush(
          wasi_io_streams_borrow_output_stream(out), &contents, &error))
    __builtin_trap();
}

bool exports_wasi_cli_run_run(void) {
  hello_list_string_t args;
  wasi_cli_environment_get_arguments(&args);
  out = wasi_cli_stdout_get_stdout();
  print("Hello, ", 7);
  if (args.len > 1) print(args.ptr[1].ptr, args.ptr[1].len);
  else print("world", 5);
  print("!\n", 2);
  wasi_io_streams_output_stream_drop_own(out);
  return true;
}
