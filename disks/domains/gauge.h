/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gauge.h - what the domains that are measured (bench/message_bench.c) and the bench agree upon.
 * The order or return code of a call names the row of the table it belongs to. */
#ifndef LATCHKEY_DOMAINS_GAUGE_H
#define LATCHKEY_DOMAINS_GAUGE_H

#include <stdint.h>

#include "kernel/abi.h"

enum gauge_code {
    GAUGE_CALL = 0x6a0000, /* to a server that takes nothing but the code and the resume key */
    GAUGE_CALL_KEYS_0,     /* to one that takes three keys: 0..3 of them sent */
    GAUGE_CALL_KEYS_1,
    GAUGE_CALL_KEYS_2,
    GAUGE_CALL_KEYS_3,
    GAUGE_CALL_REGISTERS,  /* 32 bytes in registers */
    GAUGE_CALL_MEMORY_0,   /* to one with a buffer in memory: 0, 64, 1024, 4096 bytes */
    GAUGE_CALL_MEMORY_64,
    GAUGE_CALL_MEMORY_1024,
    GAUGE_CALL_MEMORY_4096,
    GAUGE_CALL_METER,      /* to one that pays by another meter */
    GAUGE_RETURN,          /* by the first server; by one that takes three keys; ... */
    GAUGE_RETURN_KEYS,
    GAUGE_RETURN_REGISTERS,
    GAUGE_RETURN_MEMORY,
    GAUGE_RETURN_METER,
    GAUGE_RESTART,         /* by the segment keeper, through a restart key: sent as 0 */
    GAUGE_DATA_KEY,        /* a call of a data key */
    GAUGE_REMOVE,          /* to the keeper: take the page out */
    GAUGE_INSERT,          /* and put it back */
    GAUGE_ANSWER           /* by it to these two */
};
#define GAUGE_FETCH_SLOT 9u      /* the only fetch order that is given */
#define GAUGE_HOLE 0x50000000ull /* the keeper's segment */

/* gauge_exchange - one kernel call with these blocks and nothing in the string registers. */
static inline uint64_t gauge_exchange(enum invoke_kind kind, unsigned slot, uint64_t code,
                                      uint64_t exit, uint64_t entry)
{
    register uint64_t a0 __asm__("a0") = code;
    register uint64_t a1 __asm__("a1") = EXIT_BLOCK(kind, slot) | exit;
    register uint64_t a2 __asm__("a2") = entry;
    __asm__ volatile("ecall"
                     : "+r"(a0), "+r"(a1), "+r"(a2)
                     :
                     : "a3", "a4", "a5", "a6", "a7", "t0", "t1", "t2", "t3", "t4", "t5", "t6",
                       "ra", "memory");
    return a0;
}

/* gauge_exchange_buffers - the same with a string and a buffer. */
static inline uint64_t gauge_exchange_buffers(enum invoke_kind kind, unsigned slot, uint64_t code,
                                              uint64_t exit, uint64_t entry, const void *string,
                                              uint64_t string_bytes, void *buffer,
                                              uint64_t buffer_bytes)
{
    register uint64_t a0 __asm__("a0") = code;
    register uint64_t a1 __asm__("a1") = EXIT_BLOCK(kind, slot) | exit;
    register uint64_t a2 __asm__("a2") = entry;
    register uint64_t a3 __asm__("a3") = (uint64_t)string;
    register uint64_t a4 __asm__("a4") = string_bytes;
    register uint64_t a5 __asm__("a5") = (uint64_t)buffer;
    register uint64_t a6 __asm__("a6") = buffer_bytes;
    __asm__ volatile("ecall"
                     : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5), "+r"(a6)
                     :
                     : "a7", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "ra", "memory");
    return a0;
}

#endif
