/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ledger_path.c - registers to paths, paths to words. Called by the ledger and its writers; knows
 * the kernel's interface (kernel/abi.h) and its table of orders (kernel/orders.h), nothing else. */
#include "emulator/ledger_path.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "kernel/abi.h"
#include "kernel/orders.h"

#define CAUSE_INTERRUPT_BIT (UINT64_C(1) << 63)
#define CAUSE_COUNT 16u

struct order_name {
    uint64_t first, count;
    const char *name;
};

#define ORDER_ROW(types, first, count, function, words, needs) {first, count, #first},
#define CLASS_TABLE(class)                                                                         \
    static const struct order_name orders_##class[] = {ORDERS_##class(ORDER_ROW)};
/* clang-format off */
ORDER_CLASSES(CLASS_TABLE)
/* clang-format on */
static const struct order_name orders_GATE[] = {{0, 0, ""}}, orders_METER[] = {{0, 0, ""}};

struct type_orders {
    const struct order_name *orders;
    size_t count;
};
#define TYPE_ROW(name, class, akt, weak)                                                           \
    [KEY_##name] = {orders_##class, sizeof(orders_##class) / sizeof(orders_##class[0])},
static const struct type_orders types[KEY_TYPE_COUNT] = {ORDER_TYPES(TYPE_ROW)};

/* The row of an order; NULL: it has none, or every order is in it. */
static const struct order_name *order_find(unsigned key_type, uint64_t order)
{
    assert(key_type < KEY_TYPE_COUNT);
    const struct type_orders *type = &types[key_type];
    for (size_t i = 0; i < type->count; i++)
        if (order - type->orders[i].first < type->orders[i].count)
            return type->orders[i].count == ORDER_EVERY ? NULL : &type->orders[i];
    return NULL;
}

bool ledger_is_call(const uint64_t *x)
{
    return EXIT_KIND(x[11]) != 0;
}

static enum ledger_length length_of(unsigned mode, uint64_t size_bytes)
{
    static const uint64_t most[] = {0, 16, 64, 256, 1024, STRING_BYTES_MAX};
    if (mode == STRING_NONE)
        return LENGTH_NONE;
    if (mode == STRING_REGISTERS)
        return LENGTH_REGISTERS;
    for (unsigned i = 0; i < sizeof(most) / sizeof(most[0]); i++)
        if (size_bytes <= most[i])
            return (enum ledger_length)(LENGTH_0 + i);
    return LENGTH_TOO_LONG;
}

struct ledger_path ledger_path_of_call(const uint64_t *x, uint64_t key_head)
{
    uint64_t exit = x[11];
    static const uint8_t kinds[] = {LEDGER_ECALL, LEDGER_CALL, LEDGER_RETURN, LEDGER_FORK};
    struct ledger_path path = {.order = x[10],
                               .kind = kinds[EXIT_KIND(exit)],
                               .key_type = (uint8_t)key_head,
                               .length =
                                   (uint8_t)length_of(EXIT_STRING_MODE(exit), x[14])};
    assert(EXIT_KIND(exit) != 0);
    unsigned keys = path.kind == LEDGER_CALL ? MESSAGE_KEYS - 1 : MESSAGE_KEYS;
    for (unsigned i = 0; i < keys; i++)
        path.keys = (uint8_t)(path.keys + EXIT_IS_SENT(exit, i));
    if (path.key_type >= KEY_TYPE_COUNT) {
        path.key_type = LEDGER_NO_KEY;
        return path;
    }
    if (path.key_type == KEY_RESUME)
        path.detail = (uint8_t)(key_head >> 8 & 7);
    const struct order_name *order = order_find(path.key_type, path.order);
    if (order)
        path.order = order->first;
    return path;
}

struct ledger_path ledger_path_of_trap(uint64_t cause)
{
    struct ledger_path path = {.key_type = LEDGER_NO_KEY};
    if (cause & CAUSE_INTERRUPT_BIT) {
        unsigned line = (unsigned)(cause & 15);
        path.kind = line == 5 ? LEDGER_TIMER : line == 9 ? LEDGER_EXTERNAL : LEDGER_SOFTWARE;
        return path;
    }
    path.order = cause;
    path.kind = cause == 8                                 ? LEDGER_ECALL
                : cause == 12 || cause == 13 || cause == 15 ? LEDGER_PAGE_FAULT
                                                            : LEDGER_EXCEPTION;
    return path;
}

bool ledger_path_is_message(const struct ledger_path *path)
{
    return path->kind >= LEDGER_CALL && path->kind <= LEDGER_FORK;
}

uint64_t ledger_code_of(uint64_t code)
{
    bool known = code == RC_OK || code == RC_NOT_THERE || (code > KT && code <= RC_RESTARTED);
    return known ? code : LEDGER_CODE;
}

bool ledger_path_equal(const struct ledger_path *left, const struct ledger_path *right)
{
    return left->order == right->order && left->kind == right->kind &&
           left->key_type == right->key_type && left->detail == right->detail &&
           left->keys == right->keys && left->length == right->length;
}

/* --- words --- */

const char *ledger_kind_name(unsigned kind)
{
    static const char *const names[LEDGER_KIND_COUNT] = {
        "power-on", "CALL",  "RETURN",   "FORK",     "ecall", "page-fault",
        "trap",     "timer", "external", "software", "wake",
    };
    static_assert(LEDGER_WAKE == 10, "in the order of the enumeration");
    assert(kind < LEDGER_KIND_COUNT);
    return names[kind];
}

const char *ledger_key_name(unsigned key_type)
{
    static const char *const names[KEY_TYPE_COUNT] = {
        "data",    "page",       "segment",    "node",        "meter",        "fetch",
        "start",   "resume",     "domain",     "sense",       "front-end",    "node-range",
        "page-range", "returner", "discrim",   "domain-tool", "data-creator", "compare",
        "peek",    "timer",      "console",    "display",     "input",        "checkpoint",
        "journal", "error-log",  "power",
    };
    static_assert(KEY_POWER == 26, "in the order of the enumeration");
    return key_type < KEY_TYPE_COUNT ? names[key_type] : "-";
}

const char *ledger_length_name(unsigned length)
{
    static const char *const names[LENGTH_COUNT] = {
        "-", "regs", "0", "<=16", "<=64", "<=256", "<=1024", "<=4096", "too-long",
    };
    static_assert(LENGTH_TOO_LONG == 8, "in the order of the enumeration");
    assert(length < LENGTH_COUNT);
    return names[length];
}

static const char *cause_name(uint64_t cause)
{
    static const char *const names[CAUSE_COUNT] = {
        "fetch-misaligned", "fetch-access", "illegal",      "breakpoint", "load-misaligned",
        "load-access",      "store-misaligned", "store-access", "ecall",  "", "", "",
        "fetch",            "load",         "",             "store",
    };
    return cause < CAUSE_COUNT ? names[cause] : "";
}

void ledger_order_text(const struct ledger_path *path, char text[LEDGER_TEXT_BYTES])
{
    static const char *const resumes[] = {"restart", "", "", "", "fault"};
    const struct order_name *order = NULL;
    bool call = ledger_path_is_message(path);
    text[0] = '\0';
    if (path->order == LEDGER_MANY)
        (void)snprintf(text, LEDGER_TEXT_BYTES, "any");
    else if (!call && path->kind >= LEDGER_ECALL && path->kind <= LEDGER_EXCEPTION)
        (void)snprintf(text, LEDGER_TEXT_BYTES, "%s", cause_name(path->order));
    else if (!call)
        (void)snprintf(text, LEDGER_TEXT_BYTES, "-");
    else if (path->key_type < KEY_TYPE_COUNT && (order = order_find(path->key_type, path->order)))
        (void)snprintf(text, LEDGER_TEXT_BYTES, "%.*s", (int)strcspn(order->name, " "),
                       order->name);
    else if (path->order == ORDER_TYPE)
        (void)snprintf(text, LEDGER_TEXT_BYTES, "TYPE");
    else if (path->key_type == KEY_RESUME && path->detail < 5 && *resumes[path->detail])
        (void)snprintf(text, LEDGER_TEXT_BYTES, "%s:0x%" PRIx64, resumes[path->detail],
                       path->order);
    else
        (void)snprintf(text, LEDGER_TEXT_BYTES, "0x%" PRIx64, path->order);
}

void ledger_result_text(const struct ledger_result *result, char text[LEDGER_TEXT_BYTES])
{
    static const char *const names[RESULT_COUNT] = {
        "delivered", "", "again", "resumed", "other", "waited", "ended",
    };
    assert(result->outcome < RESULT_COUNT);
    if (result->outcome != RESULT_ANSWERED)
        (void)snprintf(text, LEDGER_TEXT_BYTES, "%s", names[result->outcome]);
    else if (result->code == RC_OK || result->code == LEDGER_CODE)
        (void)snprintf(text, LEDGER_TEXT_BYTES, "%s", result->code == RC_OK ? "ok" : "code");
    else if (result->code == RC_NOT_THERE)
        (void)snprintf(text, LEDGER_TEXT_BYTES, "-1");
    else
        (void)snprintf(text, LEDGER_TEXT_BYTES, "KT+%u",
                       (unsigned)(result->code - KT));
}

void ledger_id_text(uint64_t id, char text[LEDGER_TEXT_BYTES])
{
    if (id == 0)
        (void)snprintf(text, LEDGER_TEXT_BYTES, "-");
    else
        (void)snprintf(text, LEDGER_TEXT_BYTES, "%" PRIu64, id);
}

void ledger_path_text(const struct ledger_path *path, char text[LEDGER_PATH_BYTES])
{
    char order[LEDGER_TEXT_BYTES];
    ledger_order_text(path, order);
    int length = snprintf(text, LEDGER_PATH_BYTES, "%s", ledger_kind_name(path->kind));
    if (path->key_type != LEDGER_NO_KEY)
        length += snprintf(text + length, LEDGER_PATH_BYTES - (size_t)length, ":%s",
                           ledger_key_name(path->key_type));
    if (strcmp(order, "-") != 0)
        length += snprintf(text + length, LEDGER_PATH_BYTES - (size_t)length, ":%s", order);
    if (path->keys)
        length += snprintf(text + length, LEDGER_PATH_BYTES - (size_t)length, ":%u-keys",
                           path->keys);
    if (path->length != LENGTH_NONE)
        (void)snprintf(text + length, LEDGER_PATH_BYTES - (size_t)length, ":%s",
                       ledger_length_name(path->length));
}
