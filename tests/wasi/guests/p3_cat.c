// `cat [-c COUNT] [FILE…]`: copies files, or its standard input, to its standard output, 64 KiB
// at a time; with -c so many bytes of each at most, and then it drops the stream that it reads.
// Asynchronous, with a callback: whatever cannot go on at once is waited for in one set.
// Fails if a file cannot be opened or read, or if its output is not taken.

#include "p3_cat.h"
#include "support.h"

#define CHUNK 65536

typedef wasi_filesystem_types_borrow_descriptor_t directory_t;

/** What the task waits for, or goes on with. */
static enum { OPENING, READING, WRITING, INPUT_ENDING, OUTPUT_ENDING } state;
static p3_cat_waitable_set_t set;
static p3_cat_list_string_t args;
static size_t next = 1;
static bool failed;
static uint8_t buffer[CHUNK];
static size_t from, to;
static bool input_over;
/** How much is copied of each input at most, and how much is left of that. */
static uint64_t most = UINT64_MAX, left;
/** A stream of the standard input or of a file, and how it ended. */
static wasi_cli_stdin_stream_u8_t in;
static uint32_t in_ended;
static wasi_cli_stdin_stream_u8_writer_t out;
static wasi_cli_stdout_future_result_void_error_code_t out_ended;
static directory_t root;
static wasi_filesystem_types_own_descriptor_t file;
static wasi_filesystem_types_result_own_descriptor_error_code_t opened;
/** Whether the input is a file. */
static bool is_file;
static wasi_cli_stdin_result_void_error_code_t stdin_result;
static wasi_filesystem_types_result_void_error_code_t file_result;
static wasi_cli_stdout_result_void_error_code_t stdout_result;

static void join(uint32_t waitable) { p3_cat_waitable_join(waitable, set); }

static void begin_input(uint32_t stream, uint32_t ended) {
  in = stream;
  in_ended = ended;
  input_over = false;
  left = most;
  join(in);
  join(in_ended);
}

static uint32_t read_chunk(void) {
  state = READING;
  return wasi_cli_stdin_stream_u8_read(in, buffer, left < CHUNK ? left : CHUNK);
}

/** Begins with the next file, or ends the output. Gives a status, or that the state has changed. */
static uint32_t open_next(void) {
  if (next >= args.len) {
    wasi_cli_stdin_stream_u8_drop_writable(out);
    state = OUTPUT_ENDING;
    return wasi_cli_stdout_future_result_void_error_code_read(out_ended, &stdout_result);
  }
  wasi_filesystem_types_method_descriptor_open_at_args_t wanted = {
      .self = root,
      .path_flags = WASI_FILESYSTEM_TYPES_PATH_FLAGS_SYMLINK_FOLLOW,
      .path = args.ptr[next++],
      .flags = WASI_FILESYSTEM_TYPES_DESCRIPTOR_FLAGS_READ,
  };
  static wasi_filesystem_types_method_descriptor_open_at_args_t kept;
  kept = wanted;
  state = OPENING;
  uint32_t status = wasi_filesystem_types_method_descriptor_open_at(&kept, &opened);
  if (P3_CAT_SUBTASK_STATE(status) == P3_CAT_SUBTASK_RETURNED) return P3_CAT_SUBTASK_RETURNED;
  join(P3_CAT_SUBTASK_HANDLE(status));
  return P3_CAT_WAITABLE_STATUS_BLOCKED;
}

/** A file was opened, or was not. */
static uint32_t was_opened(void) {
  if (opened.is_err) {
    failed = true;
    return open_next();
  }
  file = opened.val.ok;
  wasi_filesystem_types_tuple2_stream_u8_future_result_void_error_code_t given;
  wasi_filesystem_types_method_descriptor_read_via_stream(wasi_filesystem_types_borrow_descriptor(file), 0, &given);
  begin_input(given.f0, given.f1);
  return read_chunk();
}

/** Reads on, or asks how the input has ended. */
static uint32_t read_on(void) {
  if (!input_over && left > 0) return read_chunk();
  wasi_cli_stdin_stream_u8_drop_readable(in);
  state = INPUT_ENDING;
  if (is_file) return wasi_filesystem_types_future_result_void_error_code_read(in_ended, &file_result);
  return wasi_cli_stdin_future_result_void_error_code_read(in_ended, &stdin_result);
}

static uint32_t write_on(void) {
  if (from == to) return read_on();
  state = WRITING;
  return wasi_cli_stdin_stream_u8_write(out, buffer + from, to - from);
}

static uint32_t input_ended(void) {
  if (is_file ? file_result.is_err : stdin_result.is_err) failed = true;
  if (!is_file) {
    wasi_cli_stdin_future_result_void_error_code_drop_readable(in_ended);
    return open_next();
  }
  wasi_filesystem_types_future_result_void_error_code_drop_readable(in_ended);
  wasi_filesystem_types_descriptor_drop_own(file);
  return open_next();
}

/** The output takes no more: what is left is only to say so. */
static uint32_t output_dropped(void) {
  failed = true;
  next = args.len;
  input_over = true;
  return read_on();
}

/** Goes on with what an operation gave, until one has to be waited for. */
static p3_cat_callback_code_t go_on(uint32_t status) {
  while (status != P3_CAT_WAITABLE_STATUS_BLOCKED) {
    uint32_t count = P3_CAT_WAITABLE_COUNT(status);
    bool dropped = P3_CAT_WAITABLE_STATE(status) == P3_CAT_WAITABLE_DROPPED;
    switch (state) {
      case OPENING: status = was_opened(); break;
      case READING:
        from = 0;
        to = count;
        left -= count;
        input_over = dropped;
        status = write_on();
        break;
      case WRITING:
        from += count;
        status = dropped ? output_dropped() : write_on();
        break;
      case INPUT_ENDING: status = input_ended(); break;
      case OUTPUT_ENDING:
        exports_wasi_cli_run_run_return((exports_wasi_cli_run_result_void_void_t){failed || stdout_result.is_err});
        return P3_CAT_CALLBACK_CODE_EXIT;
    }
  }
  return P3_CAT_CALLBACK_CODE_WAIT(set);
}

p3_cat_callback_code_t exports_wasi_cli_run_run(void) {
  set = p3_cat_waitable_set_new();
  wasi_cli_environment_get_arguments(&args);
  out_ended = wasi_cli_stdout_write_via_stream(wasi_cli_stdin_stream_u8_new(&out));
  join(out);
  join(out_ended);
  if (args.len > 2 && is(args.ptr[1].ptr, args.ptr[1].len, "-c")) {
    most = 0;
    for (size_t i = 0; i < args.ptr[2].len; i++) most = most * 10 + args.ptr[2].ptr[i] - '0';
    next = 3;
  }
  is_file = args.len > next;
  if (is_file) {
    wasi_filesystem_preopens_list_tuple2_own_descriptor_string_t directories;
    wasi_filesystem_preopens_get_directories(&directories);
    if (directories.len == 0) __builtin_trap();
    root = wasi_filesystem_types_borrow_descriptor(directories.ptr[0].f0);
    return go_on(open_next());
  }
  wasi_cli_stdin_tuple2_stream_u8_future_result_void_error_code_t given;
  wasi_cli_stdin_read_via_stream(&given);
  begin_input(given.f0, given.f1);
  return go_on(read_chunk());
}

p3_cat_callback_code_t exports_wasi_cli_run_run_callback(p3_cat_event_t *event) {
  if (event->event != P3_CAT_EVENT_SUBTASK) return go_on(event->code);
  // A call that was only started goes on.
  if (P3_CAT_SUBTASK_STATE(event->code) == P3_CAT_SUBTASK_STARTED) return P3_CAT_CALLBACK_CODE_WAIT(set);
  p3_cat_subtask_drop(event->waitable);
  return go_on(P3_CAT_SUBTASK_RETURNED);
}
