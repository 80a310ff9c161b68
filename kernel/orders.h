/* SPDX-License-Identifier: GPL-2.0-or-later */
/* orders.h - every key type and every order that it knows, in one table.
 *
 * From it are made: the dispatch (order.c) and the declarations of the functions behind it
 * (keys.h), the weakening of keys (order.c), the page orders.md (tests/orders_page.c), and the
 * tests' matrix (tests/kernel_orders_test.c). Numbers of orders and codes: abi.h.
 *
 * Rules for every order
 *  1. ORDER_TYPE is answered with the type's AKT. An order that is not in the table is answered
 *     with RC_BAD_ORDER.
 *  2. An order that CHANGES is answered with RC_READ_ONLY when the key's data byte has
 *     KEY_READ_ONLY; that has a meaning for node, page and domain keys only.
 *  3. A string shorter than the order's words (of 8 bytes) is answered with RC_FORMAT; what is
 *     longer is not looked at.
 *  4. These are looked at in this order; the codes in the table come after them.
 *
 * Included after something that defines KEY_SET(): kernel/key.h, or a program of its own.
 *
 * TYPE(name, class, akt, weak, data byte, what it is)
 *     class: which list of orders. weak: what a sense key hands out for such a key, SAME;
 *     READ_ONLY: with that bit; NO_CALL: with both bits; SENSE: a sense key with both bits;
 *     ZERO: data key 0.
 * ORDER(types, name, first, count, function, words, changes, takes, gives, codes)
 *     types: which of the class's types know it (ORDER_OF_*). first, count: the codes.
 */
#ifndef LATCHKEY_KERNEL_ORDERS_H
#define LATCHKEY_KERNEL_ORDERS_H

#define ORDER_TYPES(TYPE)                                                                          \
    TYPE(DATA, DATA, 0, SAME, "part of the data",                                                  \
         "14 bytes of data; also what is left of a void key")                                      \
    TYPE(PAGE, PAGE, AKT_PAGE, READ_ONLY, "KEY_READ_ONLY", "4096 bytes")                           \
    TYPE(SEGMENT, NODE, AKT_SEGMENT, NO_CALL, "KEY_READ_ONLY, KEY_NO_CALL, size code",             \
         "a tree of memory; a red one without KEY_NO_CALL passes messages on to its keeper")       \
    TYPE(NODE, NODE, AKT_NODE, SENSE, "KEY_READ_ONLY, KEY_NO_CALL, size code", "16 keys")          \
    TYPE(METER, METER, AKT_METER, ZERO, "0", "processor time; its node is the counter")            \
    TYPE(FETCH, NODE, AKT_FETCH, SENSE, "as a node key", "a node, to look at")                     \
    TYPE(START, GATE, 0, ZERO, "handed to the domain", "a domain: every order is the domain's")    \
    TYPE(RESUME, GATE, 0, ZERO, "enum resume_kind", "a waiting domain: every order is its answer") \
    TYPE(DOMAIN, DOMAIN, AKT_DOMAIN, ZERO, "KEY_READ_ONLY", "power over a domain")                 \
    TYPE(SENSE, NODE, AKT_SENSE, SENSE, "as a node key",                                           \
         "a node, to look at; whatever comes out is weakened")                                     \
    TYPE(FRONT_END, FRONT_END, 0, ZERO, "0", "a red node: messages go to its keeper")              \
    TYPE(NODE_RANGE, RANGE, AKT_NODE_RANGE, ZERO, "0", "a run of nodes")                           \
    TYPE(PAGE_RANGE, RANGE, AKT_PAGE_RANGE, ZERO, "0", "a run of pages")                           \
    TYPE(RETURNER, RETURNER, AKT_RETURNER, SAME, "0", "answers with what it is sent")              \
    TYPE(DISCRIM, DISCRIM, AKT_DISCRIM, SAME, "0", "tells what kind of key another is")            \
    TYPE(DOMAIN_TOOL, DOMAIN_TOOL, AKT_DOMAIN_TOOL, ZERO, "0", "opens domains by their brand")     \
    TYPE(DATA_CREATOR, DATA_CREATOR, AKT_DATA_CREATOR, SAME, "0", "makes data keys")               \
    TYPE(COMPARE, COMPARE, AKT_COMPARE, SAME, "0", "compares two keys")                            \
    TYPE(PEEK, PEEK, AKT_PEEK, ZERO, "0", "the kernel's counters")                                 \
    TYPE(TIMER, TIMER, AKT_TIMER, ZERO, "0", "system time, waiting, the calendar")                 \
    TYPE(CONSOLE, CONSOLE, AKT_CONSOLE, ZERO, "0", "the serial line")                              \
    TYPE(DISPLAY, DISPLAY, AKT_DISPLAY, ZERO, "0", "the screen")                                   \
    TYPE(INPUT, INPUT, AKT_INPUT, ZERO, "enum input_select", "keyboard and pointer")               \
    TYPE(CHECKPOINT, CHECKPOINT, AKT_CHECKPOINT, ZERO, "0", "checkpoints of the whole system")     \
    TYPE(JOURNAL, JOURNAL, AKT_JOURNAL, ZERO, "0", "pages that survive between checkpoints")       \
    TYPE(ERROR_LOG, ERROR_LOG, AKT_ERROR_LOG, ZERO, "0", "what the kernel printed")                \
    TYPE(POWER, POWER, AKT_POWER, ZERO, "0", "ends the run")

/* A number of codes that includes every code there is. */
#define ORDER_EVERY 16384

#define ORDERS_DATA(ORDER)                                                                         \
    ORDER(ALL, DATA_ANY, 0, ORDER_EVERY, data_any, 0, READS, "any order",                          \
          "the number, 8 bytes; order 1: 16 bytes, 2 of them 0", "RC_DATA_KEY")

#define ORDERS_PAGE(ORDER)                                                                         \
    ORDER(ALL, PAGE_MAKE_READ_ONLY, PAGE_MAKE_READ_ONLY, 1, page_make_read_only, 0, READS, "",     \
          "key 0: the page, read-only", "0")                                                       \
    ORDER(ALL, PAGE_CLEAR, PAGE_CLEAR, 1, page_clear, 0, CHANGES, "", "", "0")                     \
    ORDER(ALL, PAGE_TEST_ZERO, PAGE_TEST_ZERO, 1, page_test_zero, 0, READS, "", "",                \
          "0 all zero, 1 not")                                                                     \
    ORDER(ALL, PAGE_COPY, PAGE_COPY, 1, page_copy, 0, CHANGES, "key 0: a page to copy from", "",   \
          "0, RC_FORMAT not a page")                                                               \
    ORDER(ALL, PAGE_READ, PAGE_READ, 1, page_read, 2, READS, "offset, length", "the bytes",        \
          "0, RC_FORMAT beyond the page")                                                          \
    ORDER(ALL, PAGE_WRITE, PAGE_WRITE, PAGE_BYTES, page_write, 0, CHANGES, "+ offset; the bytes",  \
          "", "0, RC_FORMAT beyond the page")

/* Orders on slots of a node that the caller itself is made of
 * trap as an overlap. */
#define ORDERS_NODE(ORDER)                                                                         \
    ORDER(LOOK, NODE_FETCH, NODE_FETCH, NODE_SLOTS, node_fetch, 0, READS, "+ slot",                \
          "key 0: the key there; weakened by a sense key", "0")                                    \
    ORDER(WHOLE, NODE_SWAP, NODE_SWAP, NODE_SLOTS, node_swap, 0, CHANGES,                          \
          "+ slot; key 0: what it is to hold", "key 0: what it held", "0")                         \
    ORDER(LOOK, NODE_MAKE_FETCH, NODE_MAKE_FETCH, 1, node_make, 0, READS,                          \
          "data byte, if another is wanted", "key 0: a fetch key; a sense key from a sense key",   \
          "0")                                                                                     \
    ORDER(TREE, NODE_MAKE_SEGMENT, NODE_MAKE_SEGMENT, 1, node_make, 0, READS,                      \
          "data byte, if another is wanted",                                                       \
          "key 0: a segment key; from a segment key with its size code", "0")                      \
    ORDER(WHOLE, NODE_MAKE_METER, NODE_MAKE_METER, 1, node_make, 0, CHANGES, "",                   \
          "key 0: a meter key", "0")                                                               \
    ORDER(WHOLE, NODE_MAKE_NODE, NODE_MAKE_NODE, 1, node_make, 0, READS,                           \
          "data byte, if another is wanted", "key 0: a node key", "0")                             \
    ORDER(LOOK, NODE_MAKE_SENSE, NODE_MAKE_SENSE, 1, node_make, 0, READS,                          \
          "data byte, if another is wanted", "key 0: a sense key", "0")                            \
    ORDER(WHOLE, NODE_MAKE_FRONT_END, NODE_MAKE_FRONT_END, 1, node_make, 0, CHANGES, "",           \
          "key 0: a front-end key", "0")                                                           \
    ORDER(ANY_NODE, NODE_COMPARE, NODE_COMPARE, 1, node_compare, 0, READS,                         \
          "key 0: a node, fetch, sense or segment key", "", "0 same node, 1 not")                  \
    ORDER(WHOLE, NODE_CLEAR, NODE_CLEAR, 1, node_clear, 0, CHANGES, "", "", "0")                   \
    ORDER(ANY_NODE, NODE_DATA_BYTE, NODE_DATA_BYTE, 1, node_data_byte, 0, READS, "", "",           \
          "the key's data byte")                                                                   \
    ORDER(WHOLE, NODE_WRITE_DATA, NODE_WRITE_DATA, 1, node_write_data, 2, CHANGES, "slot, number", \
          "", "0, RC_FORMAT no such slot")                                                         \
    ORDER(WHOLE, NODE_CLONE, NODE_CLONE, 1, node_clone, 0, CHANGES,                                \
          "key 0: a node, fetch or sense key; its keys, weakened by a sense key, are copied", "",  \
          "0, RC_FORMAT not such a key, or its node is part of the caller")

/* RC_FORMAT to all of these: its nodes do not make a domain. Orders marked "not to oneself" answer
 * RC_FORMAT to the domain itself. */
#define ORDERS_DOMAIN(ORDER)                                                                       \
    ORDER(ALL, DOMAIN_FETCH_ROOT, DOMAIN_FETCH_ROOT + DOMAIN_SLOT_METER, 3, domain_slot, 0,        \
          CHANGES, "+ DOMAIN_SLOT_METER, _KEEPER, _MEMORY", "key 0: the key there", "0")           \
    ORDER(ALL, DOMAIN_FETCH_ROOT, DOMAIN_FETCH_ROOT + DOMAIN_SLOT_SPARE_0, 3, domain_slot, 0,      \
          CHANGES, "+ DOMAIN_SLOT_SPARE_0, _SPARE_1, _PRIORITY", "key 0: the key there", "0")      \
    ORDER(ALL, DOMAIN_FETCH, DOMAIN_FETCH, NODE_SLOTS, domain_slot, 0, CHANGES, "+ slot",          \
          "key 0: the key there", "0")                                                             \
    ORDER(ALL, DOMAIN_SWAP_ROOT, DOMAIN_SWAP_ROOT + DOMAIN_SLOT_METER, 3, domain_slot, 0, CHANGES, \
          "+ DOMAIN_SLOT_METER, _KEEPER, _MEMORY; key 0: what it is to hold",                      \
          "key 0: what it held", "0")                                                              \
    ORDER(ALL, DOMAIN_SWAP_ROOT, DOMAIN_SWAP_ROOT + DOMAIN_SLOT_SPARE_0, 3, domain_slot, 0,        \
          CHANGES, "+ DOMAIN_SLOT_SPARE_0, _SPARE_1, _PRIORITY; key 0: what it is to hold",        \
          "key 0: what it held", "0")                                                              \
    ORDER(ALL, DOMAIN_SWAP, DOMAIN_SWAP, NODE_SLOTS, domain_slot, 0, CHANGES,                      \
          "+ slot; key 0: what it is to hold", "key 0: what it held", "0")                         \
    ORDER(ALL, DOMAIN_MAKE_START, DOMAIN_MAKE_START, 1, domain_make_start, 0, CHANGES,             \
          "data byte; 0 if there is none", "key 0: a start key", "0")                              \
    ORDER(ALL, DOMAIN_MAKE_AVAILABLE, DOMAIN_MAKE_AVAILABLE, 1, domain_make_available, 0, CHANGES, \
          "", "", "0; not to oneself. Its process is gone, its resume keys are void")              \
    ORDER(ALL, DOMAIN_MAKE_FAULT, DOMAIN_MAKE_FAULT, 1, domain_make_resume, 0, CHANGES, "",        \
          "key 0: a resume key, RESUME_FAULT", "0")                                                \
    ORDER(ALL, DOMAIN_MAKE_BUSY, DOMAIN_MAKE_BUSY, 1, domain_make_busy, 0, CHANGES, "",            \
          "key 0: a resume key, RESUME_FAULT",                                                     \
          "0; not to oneself. Its process is gone, older resume keys are void")                    \
    ORDER(ALL, DOMAIN_GET_CONTROL, DOMAIN_GET_CONTROL, 1, domain_get_control, 0, READS, "",        \
          "struct domain_control", "0")                                                            \
    ORDER(ALL, DOMAIN_PUT_CONTROL, DOMAIN_PUT_CONTROL, 1, domain_put_control, 2, CHANGES,          \
          "trap code, trap value", "", "0")                                                        \
    ORDER(ALL, DOMAIN_GET_REGISTERS, DOMAIN_GET_REGISTERS, 1, domain_get_registers, 0, READS, "",  \
          "struct domain_registers", "0")                                                          \
    ORDER(ALL, DOMAIN_PUT_REGISTERS, DOMAIN_PUT_REGISTERS, 1, domain_put_registers, 1, CHANGES,    \
          "words of struct domain_registers", "",                                                  \
          "0, RC_FORMAT not whole words, or too many; not to oneself")                             \
    ORDER(ALL, DOMAIN_WEAKEN, DOMAIN_WEAKEN, 1, domain_weaken, 0, READS, "",                       \
          "key 0: the domain key with KEY_READ_ONLY", "0")                                         \
    ORDER(ALL, DOMAIN_MAKE_RESUME, DOMAIN_MAKE_RESUME, 1, domain_make_resume, 0, CHANGES, "",      \
          "key 0: a resume key, RESUME_RETURN", "0")                                               \
    ORDER(ALL, DOMAIN_REPLACE_MEMORY, DOMAIN_REPLACE_MEMORY, 1, domain_replace_memory, 1, CHANGES, \
          "pc; key 0: the new address segment", "key 0: the old one", "0; not to oneself")         \
    ORDER(ALL, DOMAIN_PUT_ALL, DOMAIN_PUT_ALL, 1, domain_put_all, 1, CHANGES,                      \
          "struct domain_registers, struct domain_control", "",                                    \
          "0, RC_FORMAT another length; not to oneself")                                           \
    ORDER(ALL, DOMAIN_MAKE_RESTART, DOMAIN_MAKE_RESTART, 1, domain_make_resume, 0, CHANGES, "",    \
          "key 0: a resume key, RESUME_RESTART", "0")                                              \
    ORDER(ALL, DOMAIN_COMPARE, DOMAIN_COMPARE, 1, domain_compare, 0, READS, "key 0: a domain key", \
          "", "0 same domain, 1 not")

#define ORDERS_FRONT_END(ORDER)                                                                    \
    ORDER(ALL, FRONT_END_ANY, 0, ORDER_EVERY, front_end_any, 0, READS, "any order",                \
          "what the keeper gives", "the keeper's; RC_DATA_KEY there is none")

#define ORDERS_RANGE(ORDER)                                                                        \
    ORDER(ALL, RANGE_MAKE, RANGE_MAKE, 1, range_make, 1, READS, "offset", "key 0: the object",     \
          "0, RC_NOT_THERE, RC_DEVICE, RC_NO_NODES, RC_NO_PAGES")                                  \
    ORDER(ALL, RANGE_IDENTIFY, RANGE_IDENTIFY, 1, range_identify, 0, READS, "key 0: an object",    \
          "its offset", "0, RC_NOT_THERE")                                                         \
    ORDER(ALL, RANGE_SEVER, RANGE_SEVER, 1, range_sever, 0, READS, "key 0: an object",             \
          "key 0: its only key", "0, RC_NOT_THERE, RC_NO_NODES, RC_NO_PAGES")                      \
    ORDER(ALL, RANGE_CREATE, RANGE_CREATE, 1, range_create, 1, READS, "offset",                    \
          "key 0: the only key to the object, which is all zero",                                  \
          "0, RC_NOT_THERE, RC_DEVICE, RC_NO_NODES, RC_NO_PAGES")                                  \
    ORDER(ALL, RANGE_COUNT, RANGE_COUNT, 1, range_count, 0, READS, "", "the number of objects",    \
          "0")                                                                                     \
    ORDER(ALL, RANGE_SUBRANGE, RANGE_SUBRANGE, 1, range_subrange, 2, READS,                        \
          "first offset, number", "key 0: the range", "0, RC_NOT_THERE")

#define ORDERS_RETURNER(ORDER)                                                                     \
    ORDER(ALL, RETURNER_ANY, 0, ORDER_EVERY, returner_any, 0, READS,                               \
          "any order, string and keys 0..2", "the same", "the order")

#define ORDERS_DISCRIM(ORDER)                                                                      \
    ORDER(ALL, DISCRIM_TYPE, DISCRIM_TYPE, 1, discrim_type, 0, READS, "key 0", "",                 \
          "1 data, 2 resume, 3 memory, 4 meter, 5 other")                                          \
    ORDER(ALL, DISCRIM_DISCREET, DISCRIM_DISCREET, 1, discrim_discreet, 0, READS, "key 0", "",     \
          "0 a sense key hands it out unchanged, 1 not")                                           \
    ORDER(ALL, DISCRIM_COMPARE, DISCRIM_COMPARE, 1, keys_compare, 0, READS, "keys 0 and 1", "",    \
          "0 equal, 1 not")

#define ORDERS_DOMAIN_TOOL(ORDER)                                                                  \
    ORDER(ALL, DOMAIN_TOOL_MAKE, DOMAIN_TOOL_MAKE, 1, domain_tool_open, 0, READS,                  \
          "key 0: node key of a root, key 1: brand", "key 0: the domain key", "0, RC_NOT_THERE")   \
    ORDER(ALL, DOMAIN_TOOL_START, DOMAIN_TOOL_START, 3, domain_tool_open, 0, READS,                \
          "key 0: start key; + 1: resume key, + 2: domain key; key 1: brand",                      \
          "key 0: node key of the root", "0, RC_NOT_THERE")                                        \
    ORDER(ALL, DOMAIN_TOOL_SEGMENT, DOMAIN_TOOL_SEGMENT, 3, domain_tool_keeper, 0, READS,          \
          "key 0: segment or front-end key, whose keeper is a start key; + 1: resume, + 2: "       \
          "domain key; key 1: brand",                                                              \
          "key 0: node key of the keeper's root, key 1: of the segment", "0, RC_NOT_THERE")        \
    ORDER(ALL, DOMAIN_TOOL_METER, DOMAIN_TOOL_METER, 3, domain_tool_keeper, 0, READS,              \
          "key 0: meter key; the same for its keeper; key 1: brand",                               \
          "key 0: node key of the keeper's root, key 1: of the meter", "0, RC_NOT_THERE")

#define ORDERS_DATA_CREATOR(ORDER)                                                                 \
    ORDER(ALL, DATA_CREATE_NUMBER, DATA_CREATE_NUMBER, 1, data_create, 1, READS, "number",         \
          "key 0: a data key", "0")                                                                \
    ORDER(ALL, DATA_CREATE, DATA_CREATE, 1, data_create, 2, READS,                                 \
          "16 bytes as a data key's order 1 gives", "key 0: a data key",                           \
          "0, RC_FORMAT the first two bytes are not 0")

#define ORDERS_COMPARE(ORDER)                                                                      \
    ORDER(ALL, COMPARE_KEYS, COMPARE_KEYS, 1, keys_compare, 0, READS, "keys 0 and 1", "",          \
          "0 equal, 1 not")

#define ORDERS_PEEK(ORDER)                                                                         \
    ORDER(ALL, PEEK_COUNT, PEEK_COUNT, 1, peek_count, 0, READS, "", "", "how many there are")      \
    ORDER(ALL, PEEK_NAME, PEEK_NAME, 1, peek_name, 1, READS, "index", "its name",                  \
          "0, RC_NOT_THERE")                                                                       \
    ORDER(ALL, PEEK_READ, PEEK_READ, 1, peek_read, 1, READS, "first index",                        \
          "values from there on", "0, RC_NOT_THERE")

#define ORDERS_TIMER(ORDER)                                                                        \
    ORDER(ALL, TIMER_NOW, TIMER_NOW, 1, timer_now, 0, READS, "", "nanoseconds of system time",     \
          "0")                                                                                     \
    ORDER(ALL, TIMER_WAIT_UNTIL, TIMER_WAIT_UNTIL, 1, timer_wait_until, 1, READS, "system time",   \
          "", "0, when it has come")                                                               \
    ORDER(ALL, TIMER_CALENDAR, TIMER_CALENDAR, 1, timer_calendar, 0, READS, "",                    \
          "nanoseconds since 1970-01-01 UTC", "0")

#define ORDERS_CONSOLE(ORDER)                                                                      \
    ORDER(ALL, CONSOLE_READ, CONSOLE_READ, 1, console_read, 0, READS, "", "1 or more bytes",       \
          "0, when there are some, RC_FORMAT no room for them, RC_DEVICE")                         \
    ORDER(ALL, CONSOLE_WRITE, CONSOLE_WRITE, 1, console_write, 0, READS, "bytes", "",              \
          "0, RC_DEVICE")

#define ORDERS_DISPLAY(ORDER)                                                                      \
    ORDER(ALL, DISPLAY_INFO, DISPLAY_INFO, 1, display_info, 0, READS, "", "struct display_info",   \
          "0, RC_DEVICE")                                                                          \
    ORDER(ALL, DISPLAY_ATTACH, DISPLAY_ATTACH, 1, display_attach, 0, READS, "key 0: the pixels",   \
          "", "0, RC_FORMAT too small, RC_NO_PAGES the screen is too large, RC_DEVICE")            \
    ORDER(ALL, DISPLAY_FLUSH, DISPLAY_FLUSH, 1, display_flush, 2, READS,                           \
          "struct display_rectangle", "",                                                          \
          "0, RC_FORMAT not inside, RC_RESTARTED nothing is attached, RC_DEVICE")                  \
    ORDER(ALL, DISPLAY_DETACH, DISPLAY_DETACH, 1, display_detach, 0, READS, "", "", "0, RC_DEVICE")

#define ORDERS_INPUT(ORDER)                                                                        \
    ORDER(ALL, INPUT_READ, INPUT_READ, 1, input_read, 0, READS, "",                                \
          "1 or more struct input_event",                                                          \
          "0, when there are some, RC_FORMAT no room for one, RC_DEVICE")

#define ORDERS_CHECKPOINT(ORDER)                                                                   \
    ORDER(ALL, CHECKPOINT_WAIT, CHECKPOINT_WAIT, 1, checkpoint_wait, 1, READS, "generation", "",   \
          "0, when it is committed, RC_DEVICE it will not be: no checkpoints are taken")           \
    ORDER(ALL, CHECKPOINT_FORCE, CHECKPOINT_FORCE, 1, checkpoint_force_now, 0, READS, "",          \
          "the generation that it will be", "0, RC_DEVICE no checkpoints are taken")               \
    ORDER(ALL, CHECKPOINT_STATUS, CHECKPOINT_STATUS, 1, checkpoint_status, 0, READS, "",           \
          "generation, phase, nanoseconds between checkpoints", "0")                               \
    ORDER(ALL, CHECKPOINT_INTERVAL, CHECKPOINT_INTERVAL, 1, checkpoint_interval_change, 1, READS,  \
          "nanoseconds; 0: only forced ones", "", "0, RC_DEVICE no checkpoints are taken")

#define ORDERS_JOURNAL(ORDER)                                                                      \
    ORDER(ALL, JOURNAL_WRITE, JOURNAL_WRITE, 1, journal_write, 0, READS, "key 0: page", "",        \
          "0, when what it holds will survive, RC_FORMAT no page, RC_DEVICE no journal")           \
    ORDER(ALL, JOURNAL_RESTARTS, JOURNAL_RESTARTS, 1, journal_restart_count, 0, READS, "",         \
          "restarts of this store so far", "0")

#define ORDERS_ERROR_LOG(ORDER)                                                                    \
    ORDER(ALL, ERROR_LOG_READ, ERROR_LOG_READ, 1, error_log_read, 1, READS, "number of a byte",    \
          "number of the first byte that follows, bytes", "0")

#define ORDERS_POWER(ORDER)                                                                        \
    ORDER(ALL, POWER_OFF_ORDER, POWER_OFF_ORDER, 1, power_off, 0, READS, "exit code; 0 if none",   \
          "", "none, RC_FORMAT more than 65535")                                                   \
    ORDER(ALL, POWER_RESET_ORDER, POWER_RESET_ORDER, 1, power_reset, 0, READS, "", "", "none")

/* Which types of its class know an order. */
#define ORDER_OF_ALL UINT32_MAX
#define ORDER_OF_WHOLE KEY_SET(KEY_NODE)
#define ORDER_OF_LOOK (KEY_SET(KEY_NODE) | KEY_SET(KEY_FETCH) | KEY_SET(KEY_SENSE))
#define ORDER_OF_TREE (KEY_SET(KEY_NODE) | KEY_SET(KEY_SEGMENT))
#define ORDER_OF_ANY_NODE (ORDER_OF_LOOK | ORDER_OF_TREE)

/* Every class that has orders. */
#define ORDER_CLASSES(CLASS)                                                                       \
    CLASS(DATA)                                                                                    \
    CLASS(PAGE)                                                                                    \
    CLASS(NODE)                                                                                    \
    CLASS(DOMAIN) CLASS(FRONT_END) CLASS(RANGE) CLASS(RETURNER) CLASS(DISCRIM) CLASS(DOMAIN_TOOL)  \
        CLASS(DATA_CREATOR) CLASS(COMPARE) CLASS(PEEK) CLASS(TIMER) CLASS(CONSOLE) CLASS(DISPLAY)  \
            CLASS(INPUT) CLASS(CHECKPOINT) CLASS(JOURNAL) CLASS(ERROR_LOG) CLASS(POWER)

#define ORDERS(ORDER)                                                                              \
    ORDERS_DATA(ORDER)                                                                             \
    ORDERS_PAGE(ORDER)                                                                             \
    ORDERS_NODE(ORDER) ORDERS_DOMAIN(ORDER) ORDERS_FRONT_END(ORDER) ORDERS_RANGE(ORDER)            \
        ORDERS_RETURNER(ORDER) ORDERS_DISCRIM(ORDER) ORDERS_DOMAIN_TOOL(ORDER)                     \
            ORDERS_DATA_CREATOR(ORDER) ORDERS_COMPARE(ORDER) ORDERS_PEEK(ORDER)                    \
                ORDERS_TIMER(ORDER) ORDERS_CONSOLE(ORDER) ORDERS_DISPLAY(ORDER)                    \
                    ORDERS_INPUT(ORDER) ORDERS_CHECKPOINT(ORDER) ORDERS_JOURNAL(ORDER)             \
                        ORDERS_ERROR_LOG(ORDER) ORDERS_POWER(ORDER)

#endif
