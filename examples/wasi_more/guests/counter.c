// Counts and appends in a bucket that others change, too. What it is given it keeps until it ends.

#include <stdlib.h>
#include <string.h>
#include "counter.h"

typedef counter_string_t text_t;
typedef wasi_keyvalue_store_own_bucket_t bucket_t;
typedef wasi_keyvalue_store_error_t store_error_t;

static text_t text_of(const char *words) { return (text_t){(uint8_t *)words, strlen(words)}; }

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
  text_t name = text_of("counters");
  store_error_t error;
  return wasi_keyvalue_store_open(&name, bucket, &error) || fail(words, &error);
}

bool exports_counter_add(text_t *key, int64_t delta, int64_t *sum, text_t *words) {
  bucket_t bucket;
  store_error_t error;
  if (!open_bucket(&bucket, words)) return false;
  bool done = wasi_keyvalue_atomics_increment(wasi_keyvalue_store_borrow_bucket(bucket), key, delta, sum, &error);
  wasi_keyvalue_store_bucket_drop_own(bucket);
  return done || fail(words, &error);
}

bool exports_counter_append(text_t *key, text_t *text, uint32_t *attempts, text_t *words) {
  bucket_t bucket;
  store_error_t error;
  wasi_keyvalue_atomics_own_cas_t cas;
  if (!open_bucket(&bucket, words)) return false;
  bool done = wasi_keyvalue_atomics_static_cas_new(wasi_keyvalue_store_borrow_bucket(bucket), key, &cas, &error);
  *attempts = 0;
  while (done) {
    counter_option_list_u8_t current;
    done = wasi_keyvalue_atomics_method_cas_current(wasi_keyvalue_atomics_borrow_cas(cas), &current, &error);
    if (!done) {
      wasi_keyvalue_atomics_cas_drop_own(cas);
      break;
    }
    size_t length = current.is_some ? current.val.len : 0;
    counter_list_u8_t value = {malloc(length + text->len + 1), length + text->len};
    if (value.ptr == NULL) abort();
    if (length > 0) memcpy(value.ptr, current.val.ptr, length);
    memcpy(value.ptr + length, text->ptr, text->len);
    example_counter_between_now(++*attempts);
    wasi_keyvalue_atomics_cas_error_t failure;
    if (wasi_keyvalue_atomics_swap(cas, &value, &failure)) break;
    if (failure.tag == WASI_KEYVALUE_ATOMICS_CAS_ERROR_CAS_FAILED) cas = failure.val.cas_failed;
    else {
      error = failure.val.store_error;
      done = false;
    }
  }
  wasi_keyvalue_store_bucket_drop_own(bucket);
  return done || fail(words, &error);
}

bool exports_counter_count(counter_tuple2_u32_u32_t *count, text_t *words) {
  bucket_t bucket;
  store_error_t error;
  if (!open_bucket(&bucket, words)) return false;
  wasi_keyvalue_store_key_response_t page = {.cursor = {.is_some = false}};
  bool done;
  count->f0 = count->f1 = 0;
  do {
    text_t cursor = page.cursor.val;
    done = wasi_keyvalue_store_method_bucket_list_keys(
        wasi_keyvalue_store_borrow_bucket(bucket), page.cursor.is_some ? &cursor : NULL, &page, &error);
    if (!done) break;
    count->f0 += page.keys.len;
    count->f1++;
  } while (page.cursor.is_some);
  wasi_keyvalue_store_bucket_drop_own(bucket);
  return done || fail(words, &error);
}
