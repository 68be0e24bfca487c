// Answers by the request's path, as server.c of WASI 0.2 does: what a handler may do, well or badly.
// Asynchronous, with a callback: a task for each request, several at once.

#include "p3_server.h"
#include "heap.h"

#define CHUNK 65536

typedef exports_wasi_http_handler_own_request_t request_t;
typedef wasi_http_types_own_fields_t fields_t;
typedef p3_server_callback_code_t code_t;

/** One request. */
typedef struct {
  p3_server_waitable_set_t set;
  /** What the task waits for, or goes on with. */
  enum { SLEEPING, READING, WRITING, TRAILERS_WRITTEN, BODY_CONSUMED, LINGERING } state;
  /** The body of the request, if it is read, and where the host is told how it was taken. */
  bool reads, input_over;
  wasi_http_types_stream_u8_t in;
  wasi_http_types_future_result_void_error_code_writer_t consumed;
  /** The body of the response; its trailers; how it was taken. */
  wasi_http_types_stream_u8_writer_t out;
  wasi_http_types_future_result_option_own_trailers_error_code_writer_t trailers;
  wasi_http_types_future_result_void_error_code_t taken;
  /** What is being written, and how often it is written after that. */
  const uint8_t *bytes;
  size_t left, again;
  /** Nanoseconds that the task goes on after its answer. */
  uint64_t lingers;
  bool traps;
  wasi_http_types_result_void_error_code_t result;
  wasi_http_types_result_option_own_trailers_error_code_t no_trailers;
  uint8_t buffer[CHUNK];
} task_t;

static task_t *begin(void) {
  task_t *task = malloc(sizeof(task_t));
  memset(task, 0, offsetof(task_t, buffer));
  task->set = p3_server_waitable_set_new();
  p3_server_context_set_0(task);
  return task;
}

static p3_server_string_t text(const char *words) {
  p3_server_string_t made = {(uint8_t *)words, strlen(words)};
  return made;
}

static void header(fields_t fields, const char *name, const void *value, size_t length) {
  p3_server_string_t key = text(name);
  p3_server_list_u8_t bytes = {(uint8_t *)value, length};
  wasi_http_types_header_error_t error;
  if (!wasi_http_types_method_fields_append(wasi_http_types_borrow_fields(fields), &key, &bytes, &error)) __builtin_trap();
}

/** Answers, with a stream or without. */
static void respond(task_t *task, uint16_t status, fields_t headers, wasi_http_types_stream_u8_t *contents) {
  wasi_http_types_tuple2_own_response_future_result_void_error_code_t made;
  wasi_http_types_static_response_new(
      headers, contents, wasi_http_types_future_result_option_own_trailers_error_code_new(&task->trailers), &made);
  task->taken = made.f1;
  if (!wasi_http_types_method_response_set_status_code(wasi_http_types_borrow_response(made.f0), status)) __builtin_trap();
  exports_wasi_http_handler_handle_return(
      (exports_wasi_http_handler_result_own_response_error_code_t){.is_err = false, .val.ok = made.f0});
}

/** Answers with a stream that this task writes. */
static void respond_writing(task_t *task, fields_t headers) {
  wasi_http_types_stream_u8_t contents = wasi_http_types_stream_u8_new(&task->out);
  p3_server_waitable_join(task->out, task->set);
  respond(task, 200, headers, &contents);
}

/** Waits, unless the time is up at once; gives a status. */
static uint32_t sleep(task_t *task, uint64_t nanoseconds) {
  uint32_t status = wasi_clocks_monotonic_clock_wait_for(nanoseconds);
  if (P3_SERVER_SUBTASK_STATE(status) == P3_SERVER_SUBTASK_RETURNED) return P3_SERVER_SUBTASK_RETURNED;
  p3_server_waitable_join(P3_SERVER_SUBTASK_HANDLE(status), task->set);
  return P3_SERVER_WAITABLE_STATUS_BLOCKED;
}

/** The answer is whole: says that no trailers follow. */
static uint32_t write_trailers(task_t *task) {
  if (task->traps) __builtin_trap();
  if (task->out) wasi_http_types_stream_u8_drop_writable(task->out);
  task->state = TRAILERS_WRITTEN;
  p3_server_waitable_join(task->trailers, task->set);
  return wasi_http_types_future_result_option_own_trailers_error_code_write(task->trailers, &task->no_trailers);
}

static uint32_t trailers_written(task_t *task) {
  wasi_http_types_future_result_option_own_trailers_error_code_drop_writable(task->trailers);
  wasi_http_types_future_result_void_error_code_drop_readable(task->taken);
  task->state = BODY_CONSUMED;
  if (!task->reads) return P3_SERVER_WAITABLE_COMPLETED;
  p3_server_waitable_join(task->consumed, task->set);
  return wasi_http_types_future_result_void_error_code_write(task->consumed, &task->result);
}

static uint32_t body_consumed(task_t *task) {
  if (task->reads) wasi_http_types_future_result_void_error_code_drop_writable(task->consumed);
  task->state = LINGERING;
  return task->lingers == 0 ? P3_SERVER_SUBTASK_RETURNED : sleep(task, task->lingers);
}

/** Reads on, repeats itself, or ends the answer. */
static uint32_t next_bytes(task_t *task) {
  if (task->reads && !task->input_over) {
    task->state = READING;
    return wasi_http_types_stream_u8_read(task->in, task->buffer, CHUNK);
  }
  if (task->again == 0) return write_trailers(task);
  task->again--;
  task->bytes = task->buffer;
  task->left = CHUNK;
  task->state = WRITING;
  return wasi_http_types_stream_u8_write(task->out, task->bytes, task->left);
}

static uint32_t write_on(task_t *task) {
  if (task->left == 0) return next_bytes(task);
  task->state = WRITING;
  return wasi_http_types_stream_u8_write(task->out, task->bytes, task->left);
}

/** Nothing more of the request's body is wanted. */
static void end_input(task_t *task) {
  if (task->reads && !task->input_over) wasi_http_types_stream_u8_drop_readable(task->in);
  task->input_over = true;
}

static uint32_t bytes_read(task_t *task, size_t count, bool dropped) {
  if (dropped) end_input(task);
  task->bytes = task->buffer;
  task->left = count;
  return write_on(task);
}

static uint32_t bytes_written(task_t *task, size_t count, bool dropped) {
  task->bytes += count;
  task->left -= count;
  if (!dropped) return write_on(task);
  end_input(task);
  return write_trailers(task);
}

static code_t end(task_t *task) {
  p3_server_waitable_set_drop(task->set);
  free(task);
  return P3_SERVER_CALLBACK_CODE_EXIT;
}

/** Goes on with what an operation gave, until one has to be waited for. */
static code_t go_on(task_t *task, uint32_t status) {
  while (status != P3_SERVER_WAITABLE_STATUS_BLOCKED) {
    uint32_t count = P3_SERVER_WAITABLE_COUNT(status);
    bool dropped = P3_SERVER_WAITABLE_STATE(status) == P3_SERVER_WAITABLE_DROPPED;
    switch (task->state) {
      case SLEEPING:
        respond_writing(task, wasi_http_types_constructor_fields());
        status = write_on(task);
        break;
      case READING: status = bytes_read(task, count, dropped); break;
      case WRITING: status = bytes_written(task, count, dropped); break;
      case TRAILERS_WRITTEN: status = trailers_written(task); break;
      case BODY_CONSUMED: status = body_consumed(task); break;
      case LINGERING: return end(task);
    }
  }
  return P3_SERVER_CALLBACK_CODE_WAIT(task->set);
}

code_t exports_wasi_http_handler_handle_callback(p3_server_event_t *event) {
  task_t *task = p3_server_context_get_0();
  if (event->event != P3_SERVER_EVENT_SUBTASK) return go_on(task, event->code);
  // A call that was only started goes on.
  if (P3_SERVER_SUBTASK_STATE(event->code) == P3_SERVER_SUBTASK_STARTED) return P3_SERVER_CALLBACK_CODE_WAIT(task->set);
  p3_server_subtask_drop(event->waitable);
  return go_on(task, P3_SERVER_SUBTASK_RETURNED);
}

/** Answers with some words. */
static code_t say(task_t *task, fields_t headers, const void *words, size_t length) {
  respond_writing(task, headers);
  task->bytes = words;
  task->left = length;
  return go_on(task, write_on(task));
}

/** Answers with some times 64 KiB. */
static code_t say_much(task_t *task, fields_t headers, size_t times) {
  memset(task->buffer, 'z', CHUNK);
  task->again = times;
  return say(task, headers, task->buffer, 0);
}

/** Takes the body of the request; its trailers are thrown away. */
static wasi_http_types_stream_u8_t consume(task_t *task, request_t request) {
  wasi_http_types_tuple2_stream_u8_future_result_option_own_trailers_error_code_t given;
  wasi_http_types_static_request_consume_body(
      request, wasi_http_types_future_result_void_error_code_new(&task->consumed), &given);
  wasi_http_types_future_result_option_own_trailers_error_code_drop_readable(given.f1);
  task->reads = true;
  return given.f0;
}

/** The field `x-echo` of the request, for the response. */
static void copy_field(request_t request, fields_t headers) {
  fields_t theirs = wasi_http_types_method_request_get_headers(wasi_http_types_borrow_request(request));
  p3_server_string_t name = text("x-echo");
  p3_server_list_list_u8_t values;
  wasi_http_types_method_fields_get(wasi_http_types_borrow_fields(theirs), &name, &values);
  for (size_t i = 0; i < values.len; i++) header(headers, "x-echo", values.ptr[i].ptr, values.ptr[i].len);
  p3_server_list_list_u8_free(&values);
  wasi_http_types_fields_drop_own(theirs);
}

static code_t answer(task_t *task, request_t request, const uint8_t *path, size_t length) {
  fields_t headers = wasi_http_types_constructor_fields();
  if (is(path, length, "/echo")) {
    // The host gets the stream that it gave: this task only says how it was taken.
    copy_field(request, headers);
    wasi_http_types_stream_u8_t contents = consume(task, request);
    task->input_over = true;
    respond(task, 200, headers, &contents);
    return go_on(task, write_trailers(task));
  }
  if (is(path, length, "/copy")) {
    copy_field(request, headers);
    task->in = consume(task, request);
    p3_server_waitable_join(task->in, task->set);
    return say(task, headers, task->buffer, 0);
  }
  wasi_http_types_request_drop_own(request);
  if (is(path, length, "/hello")) {
    header(headers, "content-type", "text/plain", 10);
    return say(task, headers, "Hello!\n", 7);
  }
  if (is(path, length, "/slow")) {
    wasi_http_types_fields_drop_own(headers);
    task->bytes = (const uint8_t *)"slow\n";
    task->left = 5;
    return go_on(task, sleep(task, 50000000));
  }
  if (is(path, length, "/trap")) __builtin_trap();
  if (is(path, length, "/half")) {
    task->traps = true;
    return say(task, headers, "half", 4);
  }
  if (is(path, length, "/error")) {
    exports_wasi_http_handler_result_own_response_error_code_t result = {.is_err = true};
    result.val.err.tag = WASI_HTTP_TYPES_ERROR_CODE_LOOP_DETECTED;
    wasi_http_types_fields_drop_own(headers);
    exports_wasi_http_handler_handle_return(result);
    return end(task);
  }
  if (is(path, length, "/no-content")) {
    respond(task, 204, headers, NULL);
    return go_on(task, write_trailers(task));
  }
  if (is(path, length, "/short")) {
    header(headers, "content-length", "10", 2);
    return say(task, headers, "short", 5);
  }
  if (is(path, length, "/big")) return say_much(task, headers, 128);
  if (is(path, length, "/forever")) return say_much(task, headers, SIZE_MAX);
  if (is(path, length, "/count")) {
    // Counts the requests of its instance; goes on for a while after its answer.
    static char count = '0';
    count++;
    task->lingers = 30000000;
    task->buffer[0] = count;
    return say(task, headers, task->buffer, 1);
  }
  // Any other path: no response at all.
  return end(task);
}

code_t exports_wasi_http_handler_handle(request_t request) {
  task_t *task = begin();
  p3_server_string_t path;
  if (!wasi_http_types_method_request_get_path_with_query(wasi_http_types_borrow_request(request), &path)) __builtin_trap();
  code_t code = answer(task, request, path.ptr, path.len);
  p3_server_string_free(&path);
  return code;
}
