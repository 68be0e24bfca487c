// Does what its first argument says: what a command may do, well or badly.

#include "command.h"
#include "support.h"

static wasi_cli_stdout_own_output_stream_t out;

static bool write_out(const void *bytes, size_t length) {
  command_list_u8_t contents = {(uint8_t *)bytes, length};
  wasi_io_streams_stream_error_t error;
  return wasi_io_streams_method_output_stream_blocking_write_and_flush(
      wasi_io_streams_borrow_output_stream(out), &contents, &error);
}
static bool print(command_string_t text) { return write_out(text.ptr, text.len); }

static bool environment(void) {
  command_list_tuple2_string_string_t env;
  wasi_cli_environment_get_environment(&env);
  for (size_t i = 0; i < env.len; i++) {
    print(env.ptr[i].f0);
    write_out("=", 1);
    print(env.ptr[i].f1);
    write_out("\n", 1);
  }
  return true;
}

static bool cat(void) {
  wasi_cli_stdin_own_input_stream_t in = wasi_cli_stdin_get_stdin();
  wasi_io_streams_stream_error_t error;
  for (;;) {
    uint64_t moved;
    if (!wasi_io_streams_method_output_stream_blocking_splice(
            wasi_io_streams_borrow_output_stream(out), wasi_io_streams_borrow_input_stream(in), 1 << 20, &moved, &error))
      return error.tag == WASI_IO_STREAMS_STREAM_ERROR_CLOSED;
  }
}

static bool nap(void) {
  wasi_clocks_monotonic_clock_own_pollable_t soon = wasi_clocks_monotonic_clock_subscribe_duration(20000000);
  wasi_io_poll_method_pollable_block(wasi_io_poll_borrow_pollable(soon));
  wasi_io_poll_pollable_drop_own(soon);
  return write_out("slept\n", 6);
}

static bool overrun(void) {
  uint8_t bytes[16] = {0};
  command_list_u8_t contents = {bytes, sizeof bytes};
  wasi_io_streams_stream_error_t error;
  return wasi_io_streams_method_output_stream_write(wasi_io_streams_borrow_output_stream(out), &contents, &error);
}

static bool poll_nothing(void) {
  wasi_io_poll_list_borrow_pollable_t none = {0, 0};
  command_list_u32_t ready;
  wasi_io_poll_poll(&none, &ready);
  return true;
}

bool exports_wasi_cli_run_run(void) {
  command_list_string_t args;
  wasi_cli_environment_get_arguments(&args);
  if (args.len < 2) return false;
  command_string_t *what = &args.ptr[1];
  out = wasi_cli_stdout_get_stdout();
  if (is(what->ptr, what->len, "env")) return environment();
  if (is(what->ptr, what->len, "cat")) return cat();
  if (is(what->ptr, what->len, "sleep")) return nap();
  if (is(what->ptr, what->len, "trap")) __builtin_trap();
  if (is(what->ptr, what->len, "overrun")) return overrun();
  if (is(what->ptr, what->len, "poll-nothing")) return poll_nothing();
  if (is(what->ptr, what->len, "spend")) {
    write_out("partial", 7);
    __builtin_trap();
  }
  if (begins(what->ptr, what->len, "exit-")) {
    wasi_cli_exit_result_void_void_t status = {is(what->ptr, what->len, "exit-badly")};
    write_out("before\n", 7);
    wasi_cli_exit_exit(&status);
    write_out("after\n", 6);
  }
  return false;
}
