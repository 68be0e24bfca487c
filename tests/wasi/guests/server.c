// Answers by the request's path: what a handler may do, well or badly.

#include "server.h"
#include "support.h"

typedef exports_wasi_http_incoming_handler_own_incoming_request_t request_t;
typedef exports_wasi_http_incoming_handler_own_response_outparam_t outparam_t;
typedef wasi_http_types_own_output_stream_t stream_t;
typedef wasi_http_types_own_outgoing_body_t body_t;

static body_t body;
static stream_t out;

static server_string_t text(const char *words) {
  server_string_t made = {(uint8_t *)words, strlen(words)};
  return made;
}

static void header(wasi_http_types_own_fields_t fields, const char *name, const void *value, size_t length) {
  server_string_t key = text(name);
  server_list_u8_t bytes = {(uint8_t *)value, length};
  wasi_http_types_header_error_t error;
  if (!wasi_http_types_method_fields_append(wasi_http_types_borrow_fields(fields), &key, &bytes, &error)) __builtin_trap();
}

/** Begins a response. */
static void respond(outparam_t param, uint16_t status, wasi_http_types_own_fields_t headers) {
  wasi_http_types_own_outgoing_response_t response = wasi_http_types_constructor_outgoing_response(headers);
  if (!wasi_http_types_method_outgoing_response_set_status_code(wasi_http_types_borrow_outgoing_response(response), status))
    __builtin_trap();
  if (!wasi_http_types_method_outgoing_response_body(wasi_http_types_borrow_outgoing_response(response), &body))
    __builtin_trap();
  if (!wasi_http_types_method_outgoing_body_write(wasi_http_types_borrow_outgoing_body(body), &out)) __builtin_trap();
  wasi_http_types_result_own_outgoing_response_error_code_t result = {.is_err = false, .val.ok = response};
  wasi_http_types_static_response_outparam_set(param, &result);
}

static bool write_out(const void *bytes, size_t length) {
  wasi_io_streams_stream_error_t error;
  for (size_t at = 0; at < length;) {
    size_t part = length - at < 4096 ? length - at : 4096;
    server_list_u8_t contents = {(uint8_t *)bytes + at, part};
    if (!wasi_io_streams_method_output_stream_blocking_write_and_flush(
            wasi_io_streams_borrow_output_stream(out), &contents, &error))
      return false;
    at += part;
  }
  return true;
}

/** Ends a response. */
static void finish(void) {
  wasi_http_types_error_code_t error;
  wasi_io_streams_output_stream_drop_own(out);
  wasi_http_types_static_outgoing_body_finish(body, 0, &error);
}

static void copy_body(wasi_http_types_own_incoming_body_t from) {
  wasi_http_types_own_input_stream_t in;
  if (!wasi_http_types_method_incoming_body_stream(wasi_http_types_borrow_incoming_body(from), &in)) __builtin_trap();
  wasi_io_streams_stream_error_t error;
  uint64_t moved;
  while (wasi_io_streams_method_output_stream_blocking_splice(
      wasi_io_streams_borrow_output_stream(out), wasi_io_streams_borrow_input_stream(in), 1 << 20, &moved, &error)) {
  }
  if (error.tag != WASI_IO_STREAMS_STREAM_ERROR_CLOSED) __builtin_trap();
  wasi_io_streams_input_stream_drop_own(in);
  wasi_http_types_incoming_body_drop_own(from);
}

static void wait_for(wasi_io_poll_own_pollable_t pollable) {
  wasi_io_poll_method_pollable_block(wasi_io_poll_borrow_pollable(pollable));
  wasi_io_poll_pollable_drop_own(pollable);
}

/** `/proxy/AUTHORITY/PATH`: fetches it and answers with what came. */
static void proxy(outparam_t param, uint8_t *path, size_t length) {
  size_t at = 7, slash = at;
  while (slash < length && path[slash] != '/') slash++;
  server_string_t authority = {path + at, slash - at}, rest = {path + slash, length - slash};
  wasi_http_types_own_outgoing_request_t request =
      wasi_http_types_constructor_outgoing_request(wasi_http_types_constructor_fields());
  wasi_http_types_borrow_outgoing_request_t borrowed = wasi_http_types_borrow_outgoing_request(request);
  wasi_http_types_scheme_t http = {.tag = WASI_HTTP_TYPES_SCHEME_HTTP};
  wasi_http_types_method_outgoing_request_set_scheme(borrowed, &http);
  if (!wasi_http_types_method_outgoing_request_set_authority(borrowed, &authority)) __builtin_trap();
  wasi_http_types_method_outgoing_request_set_path_with_query(borrowed, &rest);
  wasi_http_outgoing_handler_own_future_incoming_response_t future;
  wasi_http_outgoing_handler_error_code_t refused;
  if (!wasi_http_outgoing_handler_handle(request, 0, &future, &refused)) {
    respond(param, refused.tag == WASI_HTTP_TYPES_ERROR_CODE_HTTP_REQUEST_DENIED ? 403 : 502, wasi_http_types_constructor_fields());
    finish();
    return;
  }
  wait_for(wasi_http_types_method_future_incoming_response_subscribe(wasi_http_types_borrow_future_incoming_response(future)));
  wasi_http_types_result_result_own_incoming_response_error_code_void_t outcome;
  if (!wasi_http_types_method_future_incoming_response_get(wasi_http_types_borrow_future_incoming_response(future), &outcome))
    __builtin_trap();
  if (outcome.is_err) __builtin_trap();
  if (outcome.val.ok.is_err) {
    bool refused = outcome.val.ok.val.err.tag == WASI_HTTP_TYPES_ERROR_CODE_CONNECTION_REFUSED;
    respond(param, refused ? 503 : 502, wasi_http_types_constructor_fields());
    finish();
    return;
  }
  wasi_http_types_own_incoming_response_t response = outcome.val.ok.val.ok;
  wasi_http_types_own_incoming_body_t from;
  uint16_t status = wasi_http_types_method_incoming_response_status(wasi_http_types_borrow_incoming_response(response));
  if (!wasi_http_types_method_incoming_response_consume(wasi_http_types_borrow_incoming_response(response), &from))
    __builtin_trap();
  respond(param, status, wasi_http_types_constructor_fields());
  copy_body(from);
  finish();
}

/** Writes as the interface advises: as much as is permitted, then waits. */
static bool write_all(const uint8_t *bytes, size_t length) {
  wasi_io_streams_stream_error_t error;
  while (length > 0) {
    uint64_t permit;
    if (!wasi_io_streams_method_output_stream_check_write(wasi_io_streams_borrow_output_stream(out), &permit, &error))
      return false;
    if (permit == 0) {
      wait_for(wasi_io_streams_method_output_stream_subscribe(wasi_io_streams_borrow_output_stream(out)));
      continue;
    }
    size_t part = permit < length ? permit : length;
    server_list_u8_t contents = {(uint8_t *)bytes, part};
    if (!wasi_io_streams_method_output_stream_write(wasi_io_streams_borrow_output_stream(out), &contents, &error))
      return false;
    bytes += part;
    length -= part;
  }
  return true;
}

static bool write_much(size_t length) {
  uint8_t *letters = malloc(65536);
  memset(letters, 'z', 65536);
  for (; length > 0; length -= 65536) if (!write_all(letters, 65536)) return false;
  return true;
}

static void copy_through_memory(wasi_http_types_own_incoming_body_t from) {
  wasi_http_types_own_input_stream_t in;
  if (!wasi_http_types_method_incoming_body_stream(wasi_http_types_borrow_incoming_body(from), &in)) __builtin_trap();
  wasi_io_streams_stream_error_t error;
  server_list_u8_t bytes;
  for (unsigned char *memory = arena_next;; arena_next = memory) {
    if (!wasi_io_streams_method_input_stream_blocking_read(wasi_io_streams_borrow_input_stream(in), 65536, &bytes, &error)) break;
    if (!write_all(bytes.ptr, bytes.len)) break;
  }
  wasi_io_streams_input_stream_drop_own(in);
  wasi_http_types_incoming_body_drop_own(from);
}

void exports_wasi_http_incoming_handler_handle(request_t request, outparam_t param) {
  arena_reset();
  wasi_http_types_borrow_incoming_request_t borrowed = wasi_http_types_borrow_incoming_request(request);
  server_string_t path;
  if (!wasi_http_types_method_incoming_request_path_with_query(borrowed, &path)) __builtin_trap();
  wasi_http_types_own_fields_t headers = wasi_http_types_constructor_fields();
  if (is(path.ptr, path.len, "/hello")) {
    header(headers, "content-type", "text/plain", 10);
    respond(param, 200, headers);
    write_out("Hello!\n", 7);
    finish();
  } else if (is(path.ptr, path.len, "/echo")) {
    wasi_http_types_own_fields_t theirs = wasi_http_types_method_incoming_request_headers(borrowed);
    server_string_t name = text("x-echo");
    server_list_list_u8_t values;
    wasi_http_types_method_fields_get(wasi_http_types_borrow_fields(theirs), &name, &values);
    for (size_t i = 0; i < values.len; i++) header(headers, "x-echo", values.ptr[i].ptr, values.ptr[i].len);
    wasi_http_types_own_incoming_body_t from;
    if (!wasi_http_types_method_incoming_request_consume(borrowed, &from)) __builtin_trap();
    respond(param, 200, headers);
    copy_body(from);
    finish();
  } else if (is(path.ptr, path.len, "/copy")) {
    // As `/echo`, but each byte through the memory of this guest.
    wasi_http_types_own_incoming_body_t from;
    if (!wasi_http_types_method_incoming_request_consume(borrowed, &from)) __builtin_trap();
    respond(param, 200, headers);
    copy_through_memory(from);
    finish();
  } else if (is(path.ptr, path.len, "/slow")) {
    wait_for(wasi_clocks_monotonic_clock_subscribe_duration(50000000));
    respond(param, 200, headers);
    write_out("slow\n", 5);
    finish();
  } else if (is(path.ptr, path.len, "/trap")) {
    __builtin_trap();
  } else if (is(path.ptr, path.len, "/half")) {
    respond(param, 200, headers);
    write_out("half", 4);
    __builtin_trap();
  } else if (is(path.ptr, path.len, "/error")) {
    wasi_http_types_result_own_outgoing_response_error_code_t result = {.is_err = true};
    result.val.err.tag = WASI_HTTP_TYPES_ERROR_CODE_LOOP_DETECTED;
    wasi_http_types_static_response_outparam_set(param, &result);
  } else if (is(path.ptr, path.len, "/no-content")) {
    respond(param, 204, headers);
    finish();
  } else if (is(path.ptr, path.len, "/odd-status")) {
    respond(param, 700, headers);
    finish();
  } else if (is(path.ptr, path.len, "/short")) {
    header(headers, "content-length", "10", 2);
    respond(param, 200, headers);
    write_out("short", 5);
    finish();
  } else if (is(path.ptr, path.len, "/big")) {
    respond(param, 200, headers);
    write_much(8 << 20);
    finish();
  } else if (is(path.ptr, path.len, "/forever")) {
    respond(param, 200, headers);
    while (write_much(1 << 20)) {
    }
    finish();
  } else if (is(path.ptr, path.len, "/count")) {
    // Counts the requests of its instance; goes on for a while after its answer.
    static char count = '0';
    count++;
    respond(param, 200, headers);
    write_out(&count, 1);
    finish();
    wait_for(wasi_clocks_monotonic_clock_subscribe_duration(30000000));
  } else if (is(path.ptr, path.len, "/upload-nowhere")) {
    // Writes a request that is refused: whoever writes is told.
    wasi_http_types_own_outgoing_request_t request =
        wasi_http_types_constructor_outgoing_request(wasi_http_types_constructor_fields());
    wasi_http_types_borrow_outgoing_request_t borrowed = wasi_http_types_borrow_outgoing_request(request);
    wasi_http_types_method_t post = {.tag = WASI_HTTP_TYPES_METHOD_POST};
    wasi_http_types_method_outgoing_request_set_method(borrowed, &post);
    server_string_t authority = text("nowhere.invalid"), root = text("/");
    wasi_http_types_method_outgoing_request_set_authority(borrowed, &authority);
    wasi_http_types_method_outgoing_request_set_path_with_query(borrowed, &root);
    if (!wasi_http_types_method_outgoing_request_body(borrowed, &body)) __builtin_trap();
    if (!wasi_http_types_method_outgoing_body_write(wasi_http_types_borrow_outgoing_body(body), &out)) __builtin_trap();
    wasi_http_outgoing_handler_own_future_incoming_response_t future;
    wasi_http_outgoing_handler_error_code_t refused;
    bool begun = wasi_http_outgoing_handler_handle(request, 0, &future, &refused);
    bool written = write_much(1 << 20);
    finish();
    respond(param, 200, headers);
    write_out(begun ? "begun" : "refused", begun ? 5 : 7);
    write_out(written ? ", written" : ", told", written ? 9 : 6);
    finish();
  } else if (begins(path.ptr, path.len, "/proxy/")) {
    proxy(param, path.ptr, path.len);
  }
  // Any other path: no response at all.
}
