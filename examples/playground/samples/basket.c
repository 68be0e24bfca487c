// A basket of a shop: a resource with items, whose checkout asks the host for a country's tax.

#include <stdlib.h>
#include <string.h>
#include "basket.h"

typedef exports_shop_checkout_baskets_item_t item_t;
typedef exports_shop_checkout_baskets_fault_t fault_t;
typedef exports_shop_checkout_baskets_basket_t basket_t;
typedef exports_shop_checkout_baskets_own_basket_t own_basket_t;
typedef exports_shop_checkout_baskets_currency_t currency_t;

struct exports_shop_checkout_baskets_basket_t {
  currency_t currency;
  size_t count;
  item_t *items;
};

static bool same(const basket_string_t *left, const basket_string_t *right) {
  return left->len == right->len && memcmp(left->ptr, right->ptr, left->len) == 0;
}

static item_t *find(basket_t *basket, const basket_string_t *product) {
  for (size_t i = 0; i < basket->count; i++) {
    if (same(&basket->items[i].product, product)) return &basket->items[i];
  }
  return NULL;
}

/** Puts an item into a basket, which takes over its name. */
static item_t *put(basket_t *basket, item_t item) {
  item_t *found = find(basket, &item.product);
  if (found != NULL) {
    basket_string_free(&item.product);
    found->quantity += item.quantity;
    found->price = item.price;
    return found;
  }
  basket->items = realloc(basket->items, (basket->count + 1) * sizeof(item_t));
  if (basket->items == NULL) abort();
  basket->items[basket->count] = item;
  return &basket->items[basket->count++];
}

/** What the caller gets is the caller's: the basket keeps its own. */
static void copy_items(const basket_t *basket, exports_shop_checkout_baskets_list_item_t *to) {
  to->len = basket->count;
  to->ptr = malloc(basket->count * sizeof(item_t));
  for (size_t i = 0; i < basket->count; i++) {
    to->ptr[i] = basket->items[i];
    basket_string_dup_n(&to->ptr[i].product, (const char *)basket->items[i].product.ptr, basket->items[i].product.len);
  }
}

own_basket_t exports_shop_checkout_baskets_constructor_basket(currency_t currency) {
  basket_t *basket = calloc(1, sizeof(basket_t));
  if (basket == NULL) abort();
  basket->currency = currency;
  return exports_shop_checkout_baskets_basket_new(basket);
}

void exports_shop_checkout_baskets_basket_destructor(basket_t *basket) {
  for (size_t i = 0; i < basket->count; i++) basket_string_free(&basket->items[i].product);
  free(basket->items);
  free(basket);
}

bool exports_shop_checkout_baskets_method_basket_add(
    basket_t *basket, basket_string_t *product, uint32_t price, uint32_t quantity, uint32_t *total, fault_t *fault) {
  if (quantity == 0 || quantity > 1000) {
    basket_string_free(product);
    fault->tag = EXPORTS_SHOP_CHECKOUT_BASKETS_FAULT_BAD_QUANTITY;
    fault->val.bad_quantity = quantity;
    return false;
  }
  *total = put(basket, (item_t){*product, quantity, price})->quantity;
  return true;
}

bool exports_shop_checkout_baskets_method_basket_remove(basket_t *basket, basket_string_t *product, fault_t *fault) {
  item_t *found = find(basket, product);
  if (found == NULL) {
    fault->tag = EXPORTS_SHOP_CHECKOUT_BASKETS_FAULT_NOT_IN_BASKET;
    fault->val.not_in_basket = *product;
    return false;
  }
  basket_string_free(product);
  basket_string_free(&found->product);
  basket->count--;
  memmove(found, found + 1, (basket->items + basket->count - found) * sizeof(item_t));
  return true;
}

void exports_shop_checkout_baskets_method_basket_items(
    basket_t *basket, exports_shop_checkout_baskets_list_item_t *items) {
  copy_items(basket, items);
}

bool exports_shop_checkout_baskets_method_basket_checkout(
    basket_t *basket, basket_string_t *country, exports_shop_checkout_baskets_receipt_t *receipt, fault_t *fault) {
  if (basket->count == 0) {
    basket_string_free(country);
    fault->tag = EXPORTS_SHOP_CHECKOUT_BASKETS_FAULT_EMPTY;
    return false;
  }
  double rate = shop_checkout_rates_tax(country);
  basket_string_free(country);
  // A rate that is none breaks down: a host that says such a thing is not to be trusted with money.
  if (!(rate >= 0 && rate <= 1)) __builtin_trap();
  receipt->net = 0;
  for (size_t i = 0; i < basket->count; i++) {
    receipt->net += (uint64_t)basket->items[i].price * basket->items[i].quantity;
  }
  receipt->tax = (uint64_t)((double)receipt->net * rate + 0.5);
  receipt->total = receipt->net + receipt->tax;
  receipt->currency = basket->currency;
  copy_items(basket, &receipt->items);
  return true;
}

own_basket_t exports_shop_checkout_baskets_static_basket_merge(own_basket_t left, own_basket_t right) {
  basket_t *into = exports_shop_checkout_baskets_basket_rep(left);
  basket_t *from = exports_shop_checkout_baskets_basket_rep(right);
  for (size_t i = 0; i < from->count; i++) put(into, from->items[i]);
  // Its items' names went over.
  from->count = 0;
  exports_shop_checkout_baskets_basket_drop_own(right);
  return left;
}
