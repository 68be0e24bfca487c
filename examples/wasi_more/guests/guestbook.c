// A guest book over wasi:keyvalue, with wasi:config and wasi:logging, and a copier of blobs. What
// it is given it keeps until it ends: an example is short-lived.

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "guestbook.h"

typedef guestbook_string_t text_t;
typedef wasi_keyvalue_store_own_bucket_t bucket_t;
typedef wasi_keyvalue_store_error_t store_error_t;

/** The key under which visits are counted; names are kept behind another letter. */
static text_t visits = {(uint8_t *)"#visits", 7};

static text_t text_of(const char *words) { return (text_t){(uint8_t *)words, strlen(words)}; }

static text_t join(text_t left, text_t right) {
  text_t both = {malloc(left.len + right.len + 1), left.len + right.len};
  if (both.ptr == NULL) abort();
  memcpy(both.ptr, left.ptr, left.len);
  memcpy(both.ptr + left.len, right.ptr, right.len);
  return both;
}

/** Words of ours as a result, which is freed. */
static bool fail_with(text_t *words, const char *said) {
  words->len = strlen(said);
  words->ptr = malloc(words->len + 1);
  if (words->ptr == NULL) abort();
  memcpy(words->ptr, said, words->len);
  return false;
}

/** A store's error in words, for whoever called. */
static bool fail(text_t *words, const store_error_t *error) {
  if (error->tag == WASI_KEYVALUE_STORE_ERROR_OTHER) {
    *words = error->val.other;
    return false;
  }
  return fail_with(words, error->tag == WASI_KEYVALUE_STORE_ERROR_NO_SUCH_STORE ? "no such store" : "access denied");
}

static bool open_bucket(bucket_t *bucket, text_t *words) {
  text_t name = text_of("guests");
  store_error_t error;
  return wasi_keyvalue_store_open(&name, bucket, &error) || fail(words, &error);
}

bool exports_guestbook_sign(text_t *name, text_t *said, uint64_t *count, text_t *words) {
  bucket_t bucket;
  store_error_t error;
  if (!open_bucket(&bucket, words)) return false;
  text_t setting = text_of("greeting");
  guestbook_option_string_t greeting;
  wasi_config_store_error_t unset;
  if (!wasi_config_store_get(&setting, &greeting, &unset)) {
    *words = unset.val.upstream;
    return false;
  }
  text_t hello = join(greeting.is_some ? greeting.val : text_of("Hello"), join(text_of(", "), *name));
  text_t context = text_of("guestbook");
  wasi_logging_logging_log(WASI_LOGGING_LOGGING_LEVEL_INFO, &context, &hello);
  text_t key = join(text_of("@"), *name);
  guestbook_list_u8_t value = {said->ptr, said->len};
  wasi_keyvalue_store_borrow_bucket_t self = wasi_keyvalue_store_borrow_bucket(bucket);
  bool known, done = wasi_keyvalue_store_method_bucket_exists(self, &key, &known, &error) &&
                     wasi_keyvalue_store_method_bucket_set(self, &key, &value, &error) &&
                     wasi_keyvalue_atomics_increment(self, &visits, 1, count, &error);
  wasi_keyvalue_store_bucket_drop_own(bucket);
  if (!done) return fail(words, &error);
  text_t again = text_of("again");
  if (known) wasi_logging_logging_log(WASI_LOGGING_LOGGING_LEVEL_DEBUG, &context, &again);
  return true;
}

/** Every name's key, page by page. */
static bool names(wasi_keyvalue_store_borrow_bucket_t self, guestbook_list_string_t *all, store_error_t *error) {
  wasi_keyvalue_store_key_response_t page = {.cursor = {.is_some = false}};
  all->ptr = NULL;
  all->len = 0;
  do {
    uint64_t cursor = page.cursor.val;
    if (!wasi_keyvalue_store_method_bucket_list_keys(self, page.cursor.is_some ? &cursor : NULL, &page, error)) return false;
    all->ptr = realloc(all->ptr, (all->len + page.keys.len + 1) * sizeof *all->ptr);
    if (all->ptr == NULL) abort();
    for (size_t i = 0; i < page.keys.len; i++) if (page.keys.ptr[i].ptr[0] == '@') all->ptr[all->len++] = page.keys.ptr[i];
  } while (page.cursor.is_some);
  return true;
}

bool exports_guestbook_entries(guestbook_list_tuple2_string_string_t *entries, text_t *words) {
  bucket_t bucket;
  store_error_t error;
  guestbook_list_string_t keys;
  guestbook_list_option_tuple2_string_list_u8_t values;
  if (!open_bucket(&bucket, words)) return false;
  wasi_keyvalue_store_borrow_bucket_t self = wasi_keyvalue_store_borrow_bucket(bucket);
  bool done = names(self, &keys, &error) && wasi_keyvalue_batch_get_many(self, &keys, &values, &error);
  wasi_keyvalue_store_bucket_drop_own(bucket);
  if (!done) return fail(words, &error);
  entries->ptr = malloc((values.len + 1) * sizeof *entries->ptr);
  if (entries->ptr == NULL) abort();
  entries->len = 0;
  for (size_t i = 0; i < values.len; i++) {
    if (!values.ptr[i].is_some) continue;
    text_t key = values.ptr[i].val.f0;
    guestbook_list_u8_t value = values.ptr[i].val.f1;
    // Copies, since what is returned is freed piece by piece.
    entries->ptr[entries->len].f0 = join((text_t){key.ptr + 1, key.len - 1}, text_of(""));
    entries->ptr[entries->len++].f1 = (text_t){value.ptr, value.len};
  }
  return true;
}

bool exports_guestbook_clear(uint32_t *count, text_t *words) {
  bucket_t bucket;
  store_error_t error;
  guestbook_list_string_t keys;
  if (!open_bucket(&bucket, words)) return false;
  wasi_keyvalue_store_borrow_bucket_t self = wasi_keyvalue_store_borrow_bucket(bucket);
  bool done = names(self, &keys, &error) && wasi_keyvalue_batch_delete_many(self, &keys, &error);
  wasi_keyvalue_store_bucket_drop_own(bucket);
  *count = keys.len;
  return done || fail(words, &error);
}

/** A stream's error in words. */
static void why(text_t *words, wasi_io_streams_stream_error_t *error) {
  if (error->tag == WASI_IO_STREAMS_STREAM_ERROR_CLOSED) {
    fail_with(words, "closed");
    return;
  }
  wasi_io_error_own_error_t handle = error->val.last_operation_failed;
  wasi_io_error_method_error_to_debug_string(wasi_io_error_borrow_error(handle), words);
  wasi_io_error_error_drop_own(handle);
}

bool exports_guestbook_shout(text_t *name, text_t *copy, uint64_t *count, text_t *words) {
  demo_blobs_blobs_own_input_stream_t in;
  demo_blobs_blobs_own_output_stream_t out;
  demo_blobs_blobs_own_pollable_t changed;
  if (!demo_blobs_blobs_read(name, &in)) {
    *words = join(text_of("no blob "), *name);
    return false;
  }
  bool done = demo_blobs_blobs_write(copy, &out, words);
  if (done) {
    *count = 0;
    for (;;) {
      guestbook_list_u8_t bytes;
      wasi_io_streams_stream_error_t error;
      if (!wasi_io_streams_method_input_stream_blocking_read(wasi_io_streams_borrow_input_stream(in), 4096, &bytes, &error)) {
        done = error.tag == WASI_IO_STREAMS_STREAM_ERROR_CLOSED;
        if (!done) why(words, &error);
        break;
      }
      for (size_t i = 0; i < bytes.len; i++) bytes.ptr[i] = toupper(bytes.ptr[i]);
      done = wasi_io_streams_method_output_stream_blocking_write_and_flush(
          wasi_io_streams_borrow_output_stream(out), &bytes, &error);
      if (!done) {
        why(words, &error);
        break;
      }
      *count += bytes.len;
      free(bytes.ptr);
    }
    // Asked for before the copy is there: nothing can come in between.
    bool told = done && demo_blobs_blobs_changed(copy, &changed, words);
    done = told;
    wasi_io_streams_output_stream_drop_own(out);
    if (told) {
      wasi_io_poll_method_pollable_block(wasi_io_poll_borrow_pollable(changed));
      wasi_io_poll_pollable_drop_own(changed);
    }
  }
  wasi_io_streams_input_stream_drop_own(in);
  return done;
}
