// JSON texts: formatted, or counted, or refused with the place where they are wrong.

#include <stdlib.h>
#include <string.h>
#include "json.h"

typedef exports_text_json_formatter_style_t style_t;
typedef exports_text_json_formatter_fault_t fault_t;
typedef exports_text_json_formatter_statistics_t statistics_t;

/** Arrays and objects in each other: a text could have as many as it has characters, and the stack ends. */
#define MAX_DEPTH 500

static const uint8_t *text;
static size_t length, at;
static const char *problem;

static const style_t *style;
static char *out;
static size_t written, room;

static statistics_t counted;
static uint32_t depth;

static void put(const void *bytes, size_t count) {
  if (written + count > room) {
    room = (written + count) * 2;
    out = realloc(out, room);
    if (out == NULL) abort();
  }
  memcpy(out + written, bytes, count);
  written += count;
}

static void put_char(char c) { put(&c, 1); }

static void break_line(void) {
  if (style->indent == 0) return;
  put_char('\n');
  for (uint32_t i = 0; i < depth * style->indent; i++) put_char(' ');
}

static bool fail(const char *why) {
  if (problem == NULL) problem = why;
  return false;
}

static int peek(void) { return at < length ? text[at] : -1; }

static void skip(void) {
  while (at < length && (text[at] == ' ' || text[at] == '\t' || text[at] == '\n' || text[at] == '\r')) at++;
}

static void put_escape(uint32_t unit) {
  static const char digits[] = "0123456789abcdef";
  char escape[6] = {'\\', 'u', digits[unit >> 12 & 15], digits[unit >> 8 & 15], digits[unit >> 4 & 15], digits[unit & 15]};
  put(escape, 6);
}

/** A character of the text, which is valid UTF-8: that is what a component's strings are. */
static void put_scalar(void) {
  uint8_t lead = text[at];
  size_t count = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (count == 1 || !style->ascii) {
    put(text + at, count);
    at += count;
    return;
  }
  uint32_t scalar = lead & (0x7f >> count);
  for (size_t i = 1; i < count; i++) scalar = scalar << 6 | (text[at + i] & 0x3f);
  at += count;
  if (scalar < 0x10000) {
    put_escape(scalar);
    return;
  }
  put_escape(0xd800 + ((scalar - 0x10000) >> 10));
  put_escape(0xdc00 + ((scalar - 0x10000) & 0x3ff));
}

static bool is_hex(int c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

static bool string(void) {
  if (peek() != '"') return fail("expected a string");
  put_char('"');
  at++;
  while (peek() != '"') {
    int c = peek();
    if (c < 0) return fail("the string has no end");
    if (c < 0x20) return fail("a control character in a string must be escaped");
    if (c != '\\') {
      put_scalar();
      continue;
    }
    int escaped = at + 1 < length ? text[at + 1] : -1;
    size_t count = escaped == 'u' ? 6 : 2;
    if (escaped < 0 || strchr("\"\\/bfnrtu", escaped) == NULL) return fail("no such escape");
    if (at + count > length) return fail("the string has no end");
    for (size_t i = 2; i < count; i++) {
      if (!is_hex(text[at + i])) return fail("\\u takes four hexadecimal digits");
    }
    put(text + at, count);
    at += count;
  }
  put_char('"');
  at++;
  return true;
}

static bool digits(void) {
  size_t start = at;
  while (peek() >= '0' && peek() <= '9') at++;
  return at > start || fail("expected a digit");
}

static bool number(void) {
  size_t start = at;
  if (peek() == '-') at++;
  if (peek() == '0') at++;
  else if (!digits()) return false;
  if (peek() == '.') {
    at++;
    if (!digits()) return false;
  }
  if (peek() == 'e' || peek() == 'E') {
    at++;
    if (peek() == '+' || peek() == '-') at++;
    if (!digits()) return false;
  }
  put(text + start, at - start);
  counted.numbers++;
  return true;
}

static bool word(const char *name) {
  size_t count = strlen(name);
  if (length - at < count || memcmp(text + at, name, count) != 0) return fail("expected a value");
  put(name, count);
  at += count;
  return true;
}

static bool value(void);

/** An array or an object. */
static bool many(char open, char close) {
  at++;
  put_char(open);
  if (++depth > MAX_DEPTH) return fail("too many levels");
  if (depth > counted.depth) counted.depth = depth;
  skip();
  bool is_empty = peek() == close;
  while (!is_empty) {
    break_line();
    if (open == '{') {
      skip();
      if (!string()) return false;
      skip();
      if (peek() != ':') return fail("expected `:`");
      at++;
      put_char(':');
      if (style->indent > 0) put_char(' ');
    }
    if (!value()) return false;
    skip();
    if (peek() == close) break;
    if (peek() != ',') return fail(open == '{' ? "expected `,` or `}`" : "expected `,` or `]`");
    at++;
    put_char(',');
    skip();
  }
  depth--;
  if (!is_empty) break_line();
  at++;
  put_char(close);
  return true;
}

static bool value(void) {
  skip();
  switch (peek()) {
    case '{':
      counted.objects++;
      return many('{', '}');
    case '[':
      counted.arrays++;
      return many('[', ']');
    case '"':
      counted.strings++;
      return string();
    case 't':
      return word("true");
    case 'f':
      return word("false");
    case 'n':
      return word("null");
    default:
      return peek() == '-' || (peek() >= '0' && peek() <= '9') ? number() : fail("expected a value");
  }
}

/** The whole text; where it is wrong, if it is. */
static bool whole(json_string_t *json, const style_t *wanted, fault_t *fault) {
  text = json->ptr;
  length = json->len;
  style = wanted;
  at = written = room = depth = 0;
  out = NULL;
  problem = NULL;
  counted = (statistics_t){0};
  bool fine = value();
  skip();
  if (fine && at < length) fine = fail("expected the end");
  if (!fine) {
    fault->line = fault->column = 1;
    for (size_t i = 0; i < at; i++) {
      if (text[i] == '\n') {
        fault->line++;
        fault->column = 1;
      } else if ((text[i] & 0xc0) != 0x80) {
        fault->column++;
      }
    }
    json_string_dup(&fault->message, problem);
    free(out);
  }
  json_string_free(json);
  return fine;
}

bool exports_text_json_formatter_format(json_string_t *json, style_t *wanted, json_string_t *made, fault_t *fault) {
  if (!whole(json, wanted, fault)) return false;
  *made = (json_string_t){(uint8_t *)out, written};
  return true;
}

bool exports_text_json_formatter_count(json_string_t *json, statistics_t *statistics, fault_t *fault) {
  style_t plain = {0, false};
  if (!whole(json, &plain, fault)) return false;
  free(out);
  *statistics = counted;
  return true;
}
