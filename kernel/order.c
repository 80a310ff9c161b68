/* SPDX-License-Identifier: GPL-2.0-or-later */
/* order.c - from a key's type and an order to the function that carries it out; and what else
 * follows from the table of orders.h. Called by invoke.c. */
#include "kernel/order.h"

#include "kernel/checkpoint.h"
#include "kernel/counter.h"
#include "kernel/keys.h"

/* Each does what the one before does, and more. */
enum weak { WEAK_SAME, WEAK_READ_ONLY, WEAK_NO_CALL, WEAK_SENSE, WEAK_ZERO };

#define ORDER_ROW(of, code, count, function, size, demands)                                        \
    {.perform = (function), .types = ORDER_OF_##of, .first = (code),                               \
     .last = (code) + (count) - 1, .words = (size), .needs = (demands)},
#define CLASS_ROWS(class) static const struct order rows_##class[] = {ORDERS_##class(ORDER_ROW)};
ORDER_CLASSES(CLASS_ROWS)
#define CLASS_COUNT(class) count_##class = sizeof(rows_##class) / sizeof(rows_##class[0]),
enum { ORDER_CLASSES(CLASS_COUNT) count_GATE = 0, count_METER = 0 };
#define rows_GATE NULL
#define rows_METER NULL

struct type {
    const struct order *rows;
    uint16_t akt; /* 0: ORDER_TYPE is an order like others */
    uint8_t row_count;
    uint8_t weak; /* enum weak */
};
#define TYPE_ENTRY(name, class, number, weakened)                                                  \
    [KEY_##name] = {.rows = rows_##class, .akt = (number), .row_count = count_##class,             \
                    .weak = WEAK_##weakened},
static const struct type types[KEY_TYPE_COUNT] = {ORDER_TYPES(TYPE_ENTRY)};

const struct order *order_find(enum key_type key_type, uint64_t code)
{
    const struct type *type = &types[key_type];
    uint32_t index = code < ORDER_EVERY ? (uint32_t)code : ORDER_EVERY - 1;
    for (unsigned i = 0; i < type->row_count; i++) {
        const struct order *row = &type->rows[i];
        if (index >= row->first && index <= row->last && (row->types & KEY_SET(key_type)))
            return row;
    }
    return NULL;
}

static uint64_t alleged_type(const struct key *key)
{
    uint64_t akt = types[key_type(key)].akt;
    if (key_in(key, KEY_SET(KEY_SEGMENT)))
        akt |= (uint64_t)(key_data_byte(key) & KEY_SIZE_CODE) << 8;
    if (key_in(key, KEY_SET(KEY_SEGMENT) | KEY_SET(KEY_PAGE)) &&
        (key_data_byte(key) & KEY_READ_ONLY))
        akt |= AKT_READ_ONLY;
    return akt;
}

enum invoked order_invoke(struct invocation *invocation)
{
    const struct key *key = invocation->key;
    uint64_t code = invocation->message.code;
    count_one(KERNEL_KEY);
    if (key == &invoke_absent)
        return invoke_answer(invocation, RC_DEVICE);
    if (code == ORDER_TYPE && types[key_type(key)].akt)
        return invoke_answer(invocation, alleged_type(key));
    const struct order *order = order_find(key_type(key), code);
    if (!order)
        return invoke_answer(invocation, RC_BAD_ORDER);
    if ((order->needs & CHANGES) && (key_data_byte(key) & KEY_READ_ONLY))
        return invoke_answer(invocation, RC_READ_ONLY);
    if ((order->needs & CHANGES) && checkpoint_no_space())
        return invoke_answer(invocation, key_in(key, KEY_SET(KEY_PAGE)) ? RC_NO_PAGES
                                                                        : RC_NO_NODES);
    if (invocation->message.length_bytes < order->words * sizeof(uint64_t))
        return invoke_answer(invocation, RC_FORMAT);
    enum fetch fetch = FETCH_PRESENT;
    if (order->needs & LOADS)
        fetch = domain_load(invocation->node, &(struct domain *){NULL});
    if (fetch == FETCH_VOID)
        return invoke_answer(invocation, RC_FORMAT);
    return fetch == FETCH_STALL ? INVOKED_STALL : order->perform(invocation);
}

struct key key_weaken(const struct key *key)
{
    struct key weak = *key;
    uint8_t how = types[key_type(key)].weak;
    if (how >= WEAK_READ_ONLY)
        weak.head |= (uint64_t)KEY_READ_ONLY << 8;
    if (how >= WEAK_NO_CALL)
        weak.head |= (uint64_t)KEY_NO_CALL << 8;
    if (how == WEAK_SENSE)
        weak.head = (weak.head & ~0xffull) | KEY_SENSE;
    return how == WEAK_ZERO ? key_number(0) : weak;
}
