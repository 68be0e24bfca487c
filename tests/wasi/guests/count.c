// Counts lines and bytes of the files that its arguments name, as `wc` does.

#include "count.h"
#include "support.h"

static wasi_cli_stdout_own_output_stream_t out;

static void print(const void *bytes, size_t length) {
  count_list_u8_t contents = {(uint8_t *)bytes, length};
  wasi_io_streams_stream_error_t error;
  if (!wasi_io_streams_method_output_stream_blocking_write_and_flush(
          wasi_io_streams_borrow_output_stream(out), &contents, &error))
    __builtin_trap();
}

static void print_number(uint64_t number) {
  char digits[21];
  size_t at = sizeof digits;
  digits[--at] = ' ';
  do digits[--at] = '0' + number % 10;
  while ((number /= 10) > 0);
  print(digits + at, sizeof digits - at);
}

static bool count(wasi_filesystem_types_borrow_descriptor_t directory, count_string_t *name) {
  wasi_filesystem_types_own_descriptor_t file;
  wasi_filesystem_types_error_code_t error;
  wasi_filesystem_types_own_input_stream_t in;
  if (!wasi_filesystem_types_method_descriptor_open_at(directory, WASI_FILESYSTEM_TYPES_PATH_FLAGS_SYMLINK_FOLLOW, name,
                                                       0, WASI_FILESYSTEM_TYPES_DESCRIPTOR_FLAGS_READ, &file, &error))
    return false;
  if (!wasi_filesystem_types_method_descriptor_read_via_stream(wasi_filesystem_types_borrow_descriptor(file), 0, &in, &error))
    return false;
  uint64_t lines = 0, bytes = 0;
  count_list_u8_t part;
  wasi_io_streams_stream_error_t end;
  while (wasi_io_streams_method_input_stream_blocking_read(wasi_io_streams_borrow_input_stream(in), 65536, &part, &end)) {
    bytes += part.len;
    for (size_t i = 0; i < part.len; i++) lines += part.ptr[i] == '\n';
  }
  wasi_io_streams_input_stream_drop_own(in);
  wasi_filesystem_types_descriptor_drop_own(file);
  print_number(lines);
  print_number(bytes);
  print(name->ptr, name->len);
  print("\n", 1);
  return end.tag == WASI_IO_STREAMS_STREAM_ERROR_CLOSED;
}

bool exports_wasi_cli_run_run(void) {
  count_list_string_t args;
  wasi_filesystem_preopens_list_tuple2_own_descriptor_string_t directories;
  wasi_cli_environment_get_arguments(&args);
  wasi_filesystem_preopens_get_directories(&directories);
  out = wasi_cli_stdout_get_stdout();
  bool all = directories.len > 0;
  for (size_t i = 1; all && i < args.len; i++) {
    if (count(wasi_filesystem_types_borrow_descriptor(directories.ptr[0].f0), &args.ptr[i])) continue;
    print("cannot read ", 12);
    print(args.ptr[i].ptr, args.ptr[i].len);
    print("\n", 1);
    all = false;
  }
  return all;
}
