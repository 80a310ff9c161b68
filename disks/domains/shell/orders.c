/* SPDX-License-Identifier: GPL-2.0-or-later */
/* orders.c - names of orders. Called by the shell's commands. What an order takes and gives is said
 * as in kernel/abi.h and rt/, in short. */
#include "disks/domains/shell/orders.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "disks/domains/rt/fresh.h"
#include "disks/domains/rt/integers.h"
#include "disks/domains/rt/protocol.h"
#include "disks/domains/rt/queue.h"
#include "disks/domains/rt/wait.h"

#define ANY 0xffffffffu

struct order_name {
    uint32_t type;
    uint64_t code;
    const char *name, *use;
};

static const struct order_name orders[] = {
    {ANY, ORDER_TYPE, "type", ""},
    {ANY, ORDER_DESTROY, "destroy", "what can be ended ends"},
    {AKT_NODE, NODE_FETCH, "fetch0", "-> key; fetch0..fetch15: orders 0..15"},
    {AKT_NODE, NODE_SWAP, "swap0", "keys K -> old key; orders 16..31"},
    {AKT_NODE, NODE_MAKE_FETCH, "make-fetch", "-> key"},
    {AKT_NODE, NODE_MAKE_SENSE, "make-sense", "-> key"},
    {AKT_NODE, NODE_MAKE_SEGMENT, "make-segment", "hex SIZE -> key"},
    {AKT_NODE, NODE_MAKE_METER, "make-meter", "-> key"},
    {AKT_NODE, NODE_COMPARE, "compare", "keys K -> 0 same node, 1 not"},
    {AKT_NODE, NODE_CLEAR, "clear", ""},
    {AKT_NODE, NODE_CLONE, "clone", "keys NODE"},
    {AKT_PAGE, PAGE_MAKE_READ_ONLY, "make-read-only", "-> key"},
    {AKT_PAGE, PAGE_CLEAR, "clear", ""},
    {AKT_PAGE, PAGE_TEST_ZERO, "test-zero", "-> 0 all zero, 1 not"},
    {AKT_PAGE, PAGE_COPY, "copy", "keys PAGE"},
    {AKT_PAGE, PAGE_READ, "read", "word OFFSET word LENGTH -> string"},
    {AKT_PAGE, PAGE_WRITE, "write", "string; at an offset: 4096 + offset"},
    {AKT_DOMAIN, DOMAIN_MAKE_START, "make-start", "hex BYTE -> key"},
    {AKT_DOMAIN, DOMAIN_MAKE_AVAILABLE, "make-available", ""},
    {AKT_DOMAIN, DOMAIN_MAKE_BUSY, "make-busy", "-> resume key"},
    {AKT_DOMAIN, DOMAIN_GET_CONTROL, "control", "-> trap code, value, state, cause"},
    {AKT_DOMAIN, DOMAIN_GET_REGISTERS, "registers", "-> pc, x1..x31, f0..f31, fcsr"},
    {AKT_DOMAIN, DOMAIN_COMPARE, "compare", "keys DOMAIN -> 0 same, 1 not"},
    {AKT_BANK, BANK_CREATE, "create-node", "-> node"},
    {AKT_BANK, BANK_DESTROY, "destroy-node", "keys NODE"},
    {AKT_BANK, BANK_SEVER, "sever-node", "keys NODE -> node"},
    {AKT_BANK, BANK_QUERY, "query-nodes", "-> how many are held"},
    {AKT_BANK, BANK_AVAILABLE, "available-nodes", "-> how many could be bought"},
    {AKT_BANK, BANK_LIMIT, "limit-nodes", "word CHANGE -> change made"},
    {AKT_BANK, BANK_PAGES + BANK_CREATE, "create-page", "-> page"},
    {AKT_BANK, BANK_PAGES + BANK_DESTROY, "destroy-page", "keys PAGE"},
    {AKT_BANK, BANK_PAGES + BANK_SEVER, "sever-page", "keys PAGE -> page"},
    {AKT_BANK, BANK_PAGES + BANK_QUERY, "query-pages", "-> how many are held"},
    {AKT_BANK, BANK_PAGES + BANK_AVAILABLE, "available-pages", "-> how many could be bought"},
    {AKT_BANK, BANK_PAGES + BANK_LIMIT, "limit-pages", "word CHANGE -> change made"},
    {AKT_BANK, BANK_FORBID + 1, "forbid-destroy", "-> bank"},
    {AKT_BANK, BANK_FORBID + 2, "forbid-query", "-> bank"},
    {AKT_BANK, BANK_FORBID + 4, "forbid-limits", "-> bank"},
    {AKT_BANK, BANK_DESTROY_SPACE, "destroy-space", "the bank and all bought from it"},
    {AKT_BANK, BANK_ALL_STATISTICS, "statistics", "-> nodes bought, sold, pages bought, sold"},
    {AKT_BANK, BANK_VERIFY, "verify", "keys BANK -> 0 it is one, 1 not"},
    {AKT_BANK, BANK_CREATE_BANK, "create-bank", "-> bank"},
    {AKT_CREATOR, CREATOR_CREATE, "create", "keys BANK -> domain"},
    {AKT_CREATOR, CREATOR_DESTROY, "destroy-domain", "keys DOMAIN,BANK"},
    {AKT_CREATOR, CREATOR_IDENTIFY_START, "identify-start", "keys START -> domain"},
    {AKT_CREATOR, CREATOR_IDENTIFY_SEGMENT, "identify-segment", "keys K -> domain, node"},
    {AKT_CREATOR, CREATOR_SEVER, "sever", "keys START,BANK -> domain"},
    {AKT_CREATOR, CREATOR_WEAKEN, "weaken", "-> creator"},
    {AKT_CREATORS, CREATORS_CREATE, "create", "keys BANK -> creator"},
    {AKT_CREATORS, CREATORS_IDENTIFY, "identify", "keys K -> 0 a creator, 1 not"},
    {AKT_FRESH_FACTORY, FRESH_CREATE, "create", "keys BANK [word LIMIT] -> segment"},
    {AKT_FRESH, FRESH_LENGTH, "length", "-> bytes"},
    {AKT_FRESH, FRESH_GET_LIMIT, "limit", "-> bytes"},
    {AKT_FRESH, FRESH_SET_LIMIT, "set-limit", "word BYTES"},
    {AKT_FRESH, FRESH_TRUNCATE, "truncate", "word LENGTH"},
    {AKT_FRESH, FRESH_COPY, "copy", "keys BANK -> segment"},
    {AKT_FRESH, FRESH_FREEZE, "freeze", "-> read-only segment"},
    {AKT_FRESH, FRESH_READ_ONLY, "make-read-only", "-> segment"},
    {AKT_DATA_CREATOR, DATA_CREATE_NUMBER, "number", "word N -> number"},
    {AKT_DISCRIM, DISCRIM_TYPE, "class", "keys K -> 1 data 2 resume 3 memory 4 meter 5 other"},
    {AKT_DISCRIM, DISCRIM_COMPARE, "compare", "keys K,K -> 0 same, 1 not"},
    {AKT_TIMER, TIMER_NOW, "now", "-> ns"},
    {AKT_TIMER, TIMER_CALENDAR, "calendar", "-> ns since 1970"},
    {AKT_WAIT, WAIT_SHOW, "show", "-> text"},
    {AKT_WAIT, WAIT_INTERVAL_AND_WAIT, "wait", "word MICROSECONDS"},
    {AKT_INTEGERS, INTEGERS_NEW, "new", "-> integer"},
    {AKT_INTEGERS, INTEGERS_LOWEST, "lowest", "-> integer"},
    {TYPE_QUEUE, QUEUE_TRY_PUT, "put", "string keys K,K"},
    {TYPE_QUEUE, QUEUE_TRY_TAKE, "take", "-> string, keys"},
    {TYPE_QUEUE, QUEUE_STATUS, "status", "-> messages, capacity, waiting"},
    {TYPE_COUNTER, COUNTER_GET, "get", "-> number"},
    {TYPE_COUNTER, COUNTER_ADD, "add", "word N -> sum"},
    {AKT_POWER, POWER_OFF_ORDER, "off", "word CODE"},
    {AKT_CONSOLE, CONSOLE_WRITE, "write", "string"},
    {AKT_ERROR_LOG, ERROR_LOG_READ, "read", "word FROM -> number of the first, bytes"},
    {AKT_PEEK, PEEK_NAME, "name", "word INDEX -> name"},
    {AKT_PEEK, PEEK_READ, "read", "word INDEX -> values"},
};
#define ORDER_COUNT (sizeof(orders) / sizeof(orders[0]))

static bool of_type(const struct order_name *order, uint64_t type)
{
    return order->type == ANY || order->type == (type & ~(uint64_t)AKT_READ_ONLY) ||
           order->type == type;
}

bool order_find(uint64_t type, const char *name, uint64_t *code)
{
    for (size_t i = 0; i < ORDER_COUNT; i++)
        if (of_type(&orders[i], type) && strcmp(orders[i].name, name) == 0) {
            *code = orders[i].code;
            return true;
        }
    return false;
}

void orders_print(uint64_t type)
{
    for (size_t i = 0; i < ORDER_COUNT; i++)
        if (of_type(&orders[i], type))
            printf("  %-16s%s\n", orders[i].name, orders[i].use);
}
