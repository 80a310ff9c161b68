/* SPDX-License-Identifier: GPL-2.0-or-later */
/* orders.h - every key type and every order that it knows, in one table.
 *
 * From it are made: the dispatch (order.c) and the declarations of the functions behind it
 * (keys.h), the weakening of keys (order.c), the tests' matrix (tests/kernel_orders_test.c), and
 * the numbers of the page orders.md, which says in words what each takes, gives and answers.
 * Numbers of orders and codes: abi.h.
 *
 * Rules for every order
 *  1. Any order is answered with RC_DEVICE while no disk that is there has the object. ORDER_TYPE
 *     is answered with the type's AKT, an order that is not in the table with RC_BAD_ORDER.
 *  2. An order that CHANGES is answered with RC_READ_ONLY when the key's data byte has
 *     KEY_READ_ONLY; that has a meaning for node, page and domain keys only. Then with RC_NO_PAGES,
 *     of a page key, or RC_NO_NODES, where memory is full of changes and no checkpoint is possible.
 *  3. A string shorter than the order's words (of 8 bytes) is answered with RC_FORMAT; what is
 *     longer is not looked at.
 *  4. An order that LOADS is answered with RC_FORMAT when the nodes of the key's domain do not make
 *     one.
 *  5. These are looked at in this order; the codes in orders.md come after them.
 *
 * Included after something that defines KEY_SET(): kernel/key.h, or a program of its own.
 *
 * TYPE(name, class, akt, weak)
 *     class: which list of orders. weak: what a sense key hands out for such a key, SAME;
 *     READ_ONLY: with that bit; NO_CALL: with both bits; SENSE: a sense key with both bits;
 *     ZERO: data key 0.
 * ORDER(types, first, count, function, words, needs)
 *     types: which of the class's types know it (ORDER_OF_*). first, count: the codes.
 */
#ifndef LATCHKEY_KERNEL_ORDERS_H
#define LATCHKEY_KERNEL_ORDERS_H

#define ORDER_TYPES(TYPE)                                                                          \
    TYPE(DATA, DATA, 0, SAME)                                                                      \
    TYPE(PAGE, PAGE, AKT_PAGE, READ_ONLY)                                                          \
    TYPE(SEGMENT, NODE, AKT_SEGMENT, NO_CALL)                                                      \
    TYPE(NODE, NODE, AKT_NODE, SENSE)                                                              \
    TYPE(METER, METER, AKT_METER, ZERO)                                                            \
    TYPE(FETCH, NODE, AKT_FETCH, SENSE)                                                            \
    TYPE(START, GATE, 0, ZERO)                                                                     \
    TYPE(RESUME, GATE, 0, ZERO)                                                                    \
    TYPE(DOMAIN, DOMAIN, AKT_DOMAIN, ZERO)                                                         \
    TYPE(SENSE, NODE, AKT_SENSE, SENSE)                                                            \
    TYPE(FRONT_END, FRONT_END, 0, ZERO)                                                            \
    TYPE(NODE_RANGE, RANGE, AKT_NODE_RANGE, ZERO)                                                  \
    TYPE(PAGE_RANGE, RANGE, AKT_PAGE_RANGE, ZERO)                                                  \
    TYPE(RETURNER, RETURNER, AKT_RETURNER, SAME)                                                   \
    TYPE(DISCRIM, DISCRIM, AKT_DISCRIM, SAME)                                                      \
    TYPE(DOMAIN_TOOL, DOMAIN_TOOL, AKT_DOMAIN_TOOL, ZERO)                                          \
    TYPE(DATA_CREATOR, DATA_CREATOR, AKT_DATA_CREATOR, SAME)                                       \
    TYPE(COMPARE, COMPARE, AKT_COMPARE, SAME)                                                      \
    TYPE(PEEK, PEEK, AKT_PEEK, ZERO)                                                               \
    TYPE(TIMER, TIMER, AKT_TIMER, ZERO)                                                            \
    TYPE(CONSOLE, CONSOLE, AKT_CONSOLE, ZERO)                                                      \
    TYPE(DISPLAY, DISPLAY, AKT_DISPLAY, ZERO)                                                      \
    TYPE(INPUT, INPUT, AKT_INPUT, ZERO)                                                            \
    TYPE(CHECKPOINT, CHECKPOINT, AKT_CHECKPOINT, ZERO)                                             \
    TYPE(JOURNAL, JOURNAL, AKT_JOURNAL, ZERO)                                                      \
    TYPE(ERROR_LOG, ERROR_LOG, AKT_ERROR_LOG, ZERO)                                                \
    TYPE(POWER, POWER, AKT_POWER, ZERO)

/* An order that is every order: its first code, and a number that includes every code there is. */
#define ORDER_ANY 0
#define ORDER_EVERY 16384
enum { READS = 0, CHANGES = 1, LOADS = 2 };

#define ORDERS_DATA(ORDER)                                                                         \
    ORDER(ALL, ORDER_ANY, ORDER_EVERY, data_any, 0, READS)

#define ORDERS_PAGE(ORDER)                                                                         \
    ORDER(ALL, PAGE_MAKE_READ_ONLY, 1, page_make_read_only, 0, READS)                              \
    ORDER(ALL, PAGE_CLEAR, 1, page_clear, 0, CHANGES)                                              \
    ORDER(ALL, PAGE_TEST_ZERO, 1, page_test_zero, 0, READS)                                        \
    ORDER(ALL, PAGE_COPY, 1, page_copy, 0, CHANGES)                                                \
    ORDER(ALL, PAGE_READ, 1, page_read, 2, READS)                                                  \
    ORDER(ALL, PAGE_WRITE, PAGE_BYTES, page_write, 0, CHANGES)

/* Orders on slots of a node that the caller itself is made of trap as an overlap. */
#define ORDERS_NODE(ORDER)                                                                         \
    ORDER(LOOK, NODE_FETCH, NODE_SLOTS, node_fetch, 0, READS)                                      \
    ORDER(WHOLE, NODE_SWAP, NODE_SLOTS, node_swap, 0, CHANGES)                                     \
    ORDER(LOOK, NODE_MAKE_FETCH, 1, node_make, 0, READS)                                           \
    ORDER(TREE, NODE_MAKE_SEGMENT, 1, node_make, 0, READS)                                         \
    ORDER(WHOLE, NODE_MAKE_METER, 1, node_make, 0, CHANGES)                                        \
    ORDER(WHOLE, NODE_MAKE_NODE, 1, node_make, 0, READS)                                           \
    ORDER(LOOK, NODE_MAKE_SENSE, 1, node_make, 0, READS)                                           \
    ORDER(WHOLE, NODE_MAKE_FRONT_END, 1, node_make, 0, CHANGES)                                    \
    ORDER(ANY_NODE, NODE_COMPARE, 1, node_compare, 0, READS)                                       \
    ORDER(WHOLE, NODE_CLEAR, 1, node_clear, 0, CHANGES)                                            \
    ORDER(ANY_NODE, NODE_DATA_BYTE, 1, node_data_byte, 0, READS)                                   \
    ORDER(WHOLE, NODE_WRITE_DATA, 1, node_write_data, 2, CHANGES)                                  \
    ORDER(WHOLE, NODE_CLONE, 1, node_clone, 0, CHANGES)

#define ORDERS_DOMAIN(ORDER)                                                                       \
    ORDER(ALL, DOMAIN_FETCH_ROOT + DOMAIN_SLOT_METER, 3, domain_slot, 0, CHANGES | LOADS)          \
    ORDER(ALL, DOMAIN_FETCH_ROOT + DOMAIN_SLOT_SPARE_0, 3, domain_slot, 0, CHANGES | LOADS)        \
    ORDER(ALL, DOMAIN_FETCH, NODE_SLOTS, domain_slot, 0, CHANGES | LOADS)                          \
    ORDER(ALL, DOMAIN_SWAP_ROOT + DOMAIN_SLOT_METER, 3, domain_slot, 0, CHANGES | LOADS)           \
    ORDER(ALL, DOMAIN_SWAP_ROOT + DOMAIN_SLOT_SPARE_0, 3, domain_slot, 0, CHANGES | LOADS)         \
    ORDER(ALL, DOMAIN_SWAP, NODE_SLOTS, domain_slot, 0, CHANGES | LOADS)                           \
    ORDER(ALL, DOMAIN_MAKE_START, 1, domain_make_start, 0, CHANGES)                                \
    ORDER(ALL, DOMAIN_MAKE_AVAILABLE, 1, domain_stop, 0, CHANGES | LOADS)                          \
    ORDER(ALL, DOMAIN_MAKE_FAULT, 1, domain_make_resume, 0, CHANGES | LOADS)                       \
    ORDER(ALL, DOMAIN_MAKE_BUSY, 1, domain_stop, 0, CHANGES | LOADS)                               \
    ORDER(ALL, DOMAIN_GET_CONTROL, 1, domain_get_control, 0, LOADS)                                \
    ORDER(ALL, DOMAIN_PUT_CONTROL, 1, domain_put_control, 2, CHANGES | LOADS)                      \
    ORDER(ALL, DOMAIN_GET_REGISTERS, 1, domain_get_registers, 0, LOADS)                            \
    ORDER(ALL, DOMAIN_PUT_REGISTERS, 1, domain_put_registers, 1, CHANGES | LOADS)                  \
    ORDER(ALL, DOMAIN_WEAKEN, 1, domain_weaken, 0, READS)                                          \
    ORDER(ALL, DOMAIN_MAKE_RESUME, 1, domain_make_resume, 0, CHANGES | LOADS)                      \
    ORDER(ALL, DOMAIN_REPLACE_MEMORY, 1, domain_replace_memory, 1, CHANGES | LOADS)                \
    ORDER(ALL, DOMAIN_PUT_ALL, 1, domain_put_registers, 1, CHANGES | LOADS)                        \
    ORDER(ALL, DOMAIN_MAKE_RESTART, 1, domain_make_resume, 0, CHANGES | LOADS)                     \
    ORDER(ALL, DOMAIN_COMPARE, 1, node_compare, 0, READS)

#define ORDERS_FRONT_END(ORDER)                                                                    \
    ORDER(ALL, ORDER_ANY, ORDER_EVERY, front_end_any, 0, READS)

#define ORDERS_RANGE(ORDER)                                                                        \
    ORDER(ALL, RANGE_MAKE, 1, range_object, 1, READS)                                              \
    ORDER(ALL, RANGE_IDENTIFY, 1, range_object, 0, READS)                                          \
    ORDER(ALL, RANGE_SEVER, 1, range_object, 0, READS)                                             \
    ORDER(ALL, RANGE_CREATE, 1, range_object, 1, READS)                                            \
    ORDER(ALL, RANGE_COUNT, 1, range_count, 0, READS)                                              \
    ORDER(ALL, RANGE_SUBRANGE, 1, range_subrange, 2, READS)

#define ORDERS_RETURNER(ORDER)                                                                     \
    ORDER(ALL, ORDER_ANY, ORDER_EVERY, returner_any, 0, READS)

#define ORDERS_DISCRIM(ORDER)                                                                      \
    ORDER(ALL, DISCRIM_TYPE, 1, discrim_type, 0, READS)                                            \
    ORDER(ALL, DISCRIM_DISCREET, 1, discrim_discreet, 0, READS)                                    \
    ORDER(ALL, DISCRIM_COMPARE, 1, keys_compare, 0, READS)

#define ORDERS_DOMAIN_TOOL(ORDER)                                                                  \
    ORDER(ALL, DOMAIN_TOOL_MAKE, 1, domain_tool, 0, READS)                                         \
    ORDER(ALL, DOMAIN_TOOL_START, 3, domain_tool, 0, READS)                                        \
    ORDER(ALL, DOMAIN_TOOL_SEGMENT, 3, domain_tool, 0, READS)                                      \
    ORDER(ALL, DOMAIN_TOOL_METER, 3, domain_tool, 0, READS)

#define ORDERS_DATA_CREATOR(ORDER)                                                                 \
    ORDER(ALL, DATA_CREATE_NUMBER, 1, data_create, 1, READS)                                       \
    ORDER(ALL, DATA_CREATE, 1, data_create, 2, READS)

#define ORDERS_COMPARE(ORDER)                                                                      \
    ORDER(ALL, COMPARE_KEYS, 1, keys_compare, 0, READS)

#define ORDERS_PEEK(ORDER)                                                                         \
    ORDER(ALL, PEEK_COUNT, 1, peek_count, 0, READS)                                                \
    ORDER(ALL, PEEK_NAME, 1, peek_read, 1, READS)                                                  \
    ORDER(ALL, PEEK_READ, 1, peek_read, 1, READS)

#define ORDERS_TIMER(ORDER)                                                                        \
    ORDER(ALL, TIMER_NOW, 1, timer_read, 0, READS)                                                 \
    ORDER(ALL, TIMER_WAIT_UNTIL, 1, timer_wait_until, 1, READS)                                    \
    ORDER(ALL, TIMER_CALENDAR, 1, timer_read, 0, READS)

#define ORDERS_CONSOLE(ORDER)                                                                      \
    ORDER(ALL, CONSOLE_READ, 1, console_read, 0, READS)                                            \
    ORDER(ALL, CONSOLE_WRITE, 1, console_write, 0, READS)

#define ORDERS_DISPLAY(ORDER)                                                                      \
    ORDER(ALL, DISPLAY_INFO, 1, display_info, 0, READS)                                            \
    ORDER(ALL, DISPLAY_ATTACH, 1, display_attach, 0, READS)                                        \
    ORDER(ALL, DISPLAY_FLUSH, 1, display_flush, 2, READS)                                          \
    ORDER(ALL, DISPLAY_DETACH, 1, display_detach, 0, READS)

#define ORDERS_INPUT(ORDER)                                                                        \
    ORDER(ALL, INPUT_READ, 1, input_read, 0, READS)

#define ORDERS_CHECKPOINT(ORDER)                                                                   \
    ORDER(ALL, CHECKPOINT_WAIT, 1, checkpoint_wait, 1, READS)                                      \
    ORDER(ALL, CHECKPOINT_FORCE, 1, checkpoint_force_now, 0, READS)                                \
    ORDER(ALL, CHECKPOINT_STATUS, 1, checkpoint_status, 0, READS)                                  \
    ORDER(ALL, CHECKPOINT_INTERVAL, 1, checkpoint_interval_change, 1, READS)

#define ORDERS_JOURNAL(ORDER)                                                                      \
    ORDER(ALL, JOURNAL_WRITE, 1, journal_write, 0, READS)                                          \
    ORDER(ALL, JOURNAL_RESTARTS, 1, journal_restart_count, 0, READS)

#define ORDERS_ERROR_LOG(ORDER)                                                                    \
    ORDER(ALL, ERROR_LOG_READ, 1, error_log_read, 1, READS)

#define ORDERS_POWER(ORDER)                                                                        \
    ORDER(ALL, POWER_OFF_ORDER, 1, power_off, 0, READS)                                            \
    ORDER(ALL, POWER_RESET_ORDER, 1, power_reset, 0, READS)

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

#endif
