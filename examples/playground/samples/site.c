// A small site: pages, a form, a picture and an API. Each request has an instance of its own, so nothing is ever freed.

#include <stdlib.h>
#include <string.h>
#include "site.h"

typedef exports_wasi_http_incoming_handler_own_incoming_request_t request_t;
typedef exports_wasi_http_incoming_handler_own_response_outparam_t outparam_t;

static char *page;
static size_t written, room;

static void put(const void *bytes, size_t count) {
  if (written + count > room) {
    room = (written + count) * 2 + 1024;
    page = realloc(page, room);
    if (page == NULL) abort();
  }
  memcpy(page + written, bytes, count);
  written += count;
}

static void say(const char *text) { put(text, strlen(text)); }

static void say_number(uint32_t number) {
  char digits[10];
  size_t start = sizeof digits;
  do digits[--start] = (char)('0' + number % 10);
  while ((number /= 10) > 0);
  put(digits + start, sizeof digits - start);
}

/** Text of somebody else's within a page. */
static void say_escaped(const char *text, size_t count) {
  for (size_t i = 0; i < count; i++) {
    switch (text[i]) {
      case '<':
        say("&lt;");
        break;
      case '&':
        say("&amp;");
        break;
      case '"':
        say("&quot;");
        break;
      default:
        put(text + i, 1);
    }
  }
}

static int hex(char c) {
  return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/** The value of a field among `name=value&name=value`, decoded; nothing if there is none. */
static size_t value_of(const char *query, size_t length, const char *name, char *to, size_t most) {
  size_t size = strlen(name), made = 0;
  for (size_t at = 0; at < length;) {
    size_t end = at;
    while (end < length && query[end] != '&') end++;
    if (end - at > size && memcmp(query + at, name, size) == 0 && query[at + size] == '=') {
      for (at += size + 1; at < end && made < most; at++) {
        bool coded = query[at] == '%' && at + 2 < end && hex(query[at + 1]) >= 0 && hex(query[at + 2]) >= 0;
        to[made++] = coded ? (char)(hex(query[at + 1]) << 4 | hex(query[at + 2])) : query[at] == '+' ? ' ' : query[at];
        if (coded) at += 2;
      }
      return made;
    }
    at = end + 1;
  }
  return 0;
}

static void begin(const char *title) {
  say("<!doctype html><meta charset=utf-8><title>");
  say(title);
  say("</title><style>:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;margin:1.25rem;max-width:36rem}"
      "h1{font-size:1.4rem;margin:0 0 .75rem}input,button{font:inherit;padding:.2rem .5rem}</style><h1>");
  say(title);
  say("</h1>");
}

static const char html[] = "text/html; charset=utf-8", json[] = "application/json";

static void home(void) {
  begin("Served from a component");
  say("<p>This page is written by a program in C, compiled to a WebAssembly component that exports "
      "<code>wasi:http/incoming-handler</code>. No server is involved.</p>"
      "<form action=/hello><label>Your name <input name=name value=Ada></label> <button>Greet</button></form>"
      "<ul><li><a href='/api/primes?below=100'>An API: primes below 100</a><li><a href=/badge.svg>A picture</a>"
      "<li><a href=/shout>A form that posts</a><li><a href=/script>A page with a script</a><li><a href=/nowhere>A page that is not there</a></ul>");
}

static void hello(const char *query, size_t length) {
  char name[200];
  size_t count = value_of(query, length, "name", name, sizeof name);
  begin("Hello");
  say("<p>Hello, <strong>");
  if (count > 0) say_escaped(name, count);
  else say("stranger");
  say("</strong>.</p><p><a href=/>Back</a></p>");
}

static void shout(const char *body, size_t length) {
  char words[1000];
  size_t count = value_of(body, length, "words", words, sizeof words);
  begin("Shout");
  for (size_t i = 0; i < count; i++) {
    if (words[i] >= 'a' && words[i] <= 'z') words[i] -= 32;
  }
  if (count > 0) {
    say("<p><strong>");
    say_escaped(words, count);
    say("!</strong></p>");
  }
  say("<form method=post action=/shout><label>Words <input name=words></label> <button>Shout</button></form>"
      "<p><a href=/>Back</a></p>");
}

static void script(void) {
  begin("A script");
  say("<p id=said>The script did not run: the playground shows pages without their scripts and pictures.</p>"
      "<script>said.textContent = 'The script ran.'</script><img src=//localhost:1/ alt='' onerror=\"said.textContent = 'It ran.'\">"
      "<p><a href=/>Back</a></p>");
}

static void primes(const char *query, size_t length) {
  char text[10];
  size_t count = value_of(query, length, "below", text, sizeof text - 1);
  text[count] = 0;
  uint32_t below = count > 0 ? (uint32_t)strtoul(text, NULL, 10) : 100;
  if (below > 10000) below = 10000;
  say("{\"below\":");
  say_number(below);
  say(",\"primes\":[");
  bool first = true;
  for (uint32_t n = 2; n < below; n++) {
    bool prime = true;
    for (uint32_t d = 2; prime && d * d <= n; d++) prime = n % d != 0;
    if (!prime) continue;
    if (!first) say(",");
    first = false;
    say_number(n);
  }
  say("]}");
}

static void badge(void) {
  say("<svg xmlns='http://www.w3.org/2000/svg' width='320' height='120' viewBox='0 0 320 120'>"
      "<rect width='320' height='120' rx='12' fill='#0b5c6b'/>");
  for (uint32_t i = 0; i < 12; i++) {
    say("<circle cx='");
    say_number(20 + i * 25);
    say("' cy='");
    say_number(94 - (i * 7 % 5) * 6);
    say("' r='");
    say_number(4 + i % 4);
    say("' fill='#ffb454'/>");
  }
  say("<text x='20' y='50' font-family='sans-serif' font-size='26' fill='#fff'>Drawn by a guest</text></svg>");
}

/** All of a request's body, up to some bytes. */
static size_t read_body(request_t request, char *to, size_t most) {
  wasi_http_types_own_incoming_body_t body;
  wasi_http_types_own_input_stream_t in;
  if (!wasi_http_types_method_incoming_request_consume(wasi_http_types_borrow_incoming_request(request), &body)) abort();
  if (!wasi_http_types_method_incoming_body_stream(wasi_http_types_borrow_incoming_body(body), &in)) abort();
  wasi_io_streams_stream_error_t error;
  site_list_u8_t part;
  size_t count = 0;
  while (count < most && wasi_io_streams_method_input_stream_blocking_read(
                             wasi_io_streams_borrow_input_stream(in), most - count, &part, &error)) {
    memcpy(to + count, part.ptr, part.len);
    count += part.len;
  }
  wasi_io_streams_input_stream_drop_own(in);
  wasi_http_types_incoming_body_drop_own(body);
  return count;
}

static void answer(outparam_t param, uint16_t status, const char *type) {
  wasi_http_types_own_fields_t fields = wasi_http_types_constructor_fields();
  site_string_t name = {(uint8_t *)"content-type", 12};
  site_list_u8_t value = {(uint8_t *)type, strlen(type)};
  wasi_http_types_header_error_t refused;
  if (!wasi_http_types_method_fields_append(wasi_http_types_borrow_fields(fields), &name, &value, &refused)) abort();
  wasi_http_types_own_outgoing_response_t response = wasi_http_types_constructor_outgoing_response(fields);
  wasi_http_types_borrow_outgoing_response_t borrowed = wasi_http_types_borrow_outgoing_response(response);
  wasi_http_types_own_outgoing_body_t body;
  wasi_http_types_own_output_stream_t out;
  if (!wasi_http_types_method_outgoing_response_set_status_code(borrowed, status)) abort();
  if (!wasi_http_types_method_outgoing_response_body(borrowed, &body)) abort();
  if (!wasi_http_types_method_outgoing_body_write(wasi_http_types_borrow_outgoing_body(body), &out)) abort();
  wasi_http_types_result_own_outgoing_response_error_code_t result = {.is_err = false, .val.ok = response};
  wasi_http_types_static_response_outparam_set(param, &result);
  wasi_io_streams_stream_error_t error;
  for (size_t sent = 0; sent < written; sent += 4096) {
    site_list_u8_t part = {(uint8_t *)page + sent, written - sent < 4096 ? written - sent : 4096};
    if (!wasi_io_streams_method_output_stream_blocking_write_and_flush(
            wasi_io_streams_borrow_output_stream(out), &part, &error))
      break;
  }
  wasi_io_streams_output_stream_drop_own(out);
  wasi_http_types_error_code_t failed;
  wasi_http_types_static_outgoing_body_finish(body, NULL, &failed);
}

void exports_wasi_http_incoming_handler_handle(request_t request, outparam_t param) {
  site_string_t whole = {0};
  wasi_http_types_method_incoming_request_path_with_query(wasi_http_types_borrow_incoming_request(request), &whole);
  const char *path = (const char *)whole.ptr;
  size_t length = 0;
  while (length < whole.len && path[length] != '?') length++;
  const char *query = path + length + (length < whole.len);
  size_t query_length = whole.len - length - (length < whole.len);
#define IS(text) (length == sizeof(text) - 1 && memcmp(path, text, length) == 0)
  uint16_t status = 200;
  const char *type = html;
  if (length == 0 || IS("/")) home();
  else if (IS("/hello")) hello(query, query_length);
  else if (IS("/shout")) {
    char body[4000];
    shout(body, read_body(request, body, sizeof body));
  } else if (IS("/script")) script();
  else if (IS("/api/primes")) {
    type = json;
    primes(query, query_length);
  } else if (IS("/badge.svg")) {
    type = "image/svg+xml";
    badge();
  } else {
    status = 404;
    begin("Nothing here");
    say("<p>There is no page <code>");
    say_escaped(path, length);
    say("</code>.</p><p><a href=/>Back</a></p>");
  }
  wasi_http_types_incoming_request_drop_own(request);
  answer(param, status, type);
}
