/* SPDX-License-Identifier: GPL-2.0-or-later */
/* counter.h - the kernel's counters, which the peek key shows by name. They start at 0 at power-on,
 * wrap at 2^64, and nothing in the kernel depends on them. Not counted are messages by the short
 * path, and faults of which keepers are told without a walk: that would be one part in twenty of
 * what they cost. */
#ifndef LATCHKEY_KERNEL_COUNTER_H
#define LATCHKEY_KERNEL_COUNTER_H

#include "kernel/base.h"

#define COUNTERS(COUNTER)                                                                          \
    COUNTER(KERNEL_KEY, "orders on kernel keys")                                                   \
    COUNTER(GATE, "messages by the general path")                                                  \
    COUNTER(FORWARD, "messages passed on to a keeper")                                             \
    COUNTER(TRAP, "traps")                                                                         \
    COUNTER(SEGMENT_KEEPER, "faults told to segment keepers")                                      \
    COUNTER(STOP, "domains stopped for want of a keeper")                                          \
    COUNTER(FAULT, "page faults")                                                                  \
    COUNTER(MAP, "page-table entries built")                                                       \
    COUNTER(TABLE, "page tables built")                                                            \
    COUNTER(TABLE_EVICT, "page tables evicted")                                                    \
    COUNTER(DEPEND_EVICT, "dependencies evicted")                                                  \
    COUNTER(NODE_EVICT, "nodes evicted")                                                           \
    COUNTER(PAGE_EVICT, "pages evicted")                                                           \
    COUNTER(DOMAIN_LOAD, "domains decoded")                                                        \
    COUNTER(STALL, "times a domain was queued")                                                    \
    COUNTER(SEVER, "objects severed")                                                              \
    COUNTER(CHECKPOINT, "checkpoints")                                                             \
    COUNTER(JOURNAL_GROUP, "groups of pages written to the journal")                               \
    COUNTER(JOURNAL_PAGE, "pages written to the journal")

#define COUNTER_NUMBER(name, text) COUNTER_##name,
enum { COUNTERS(COUNTER_NUMBER) COUNTER_COUNT };

extern uint64_t counters[COUNTER_COUNT];

/* count_one - something has happened once more. */
#define count_one(name) ((void)counters[COUNTER_##name]++)

#endif
