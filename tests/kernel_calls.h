/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_calls.h - a domain that calls kernel keys, for native tests: blocks, and one call with a
 * string and keys and what came back. */
#ifndef LATCHKEY_TESTS_KERNEL_CALLS_H
#define LATCHKEY_TESTS_KERNEL_CALLS_H

#include "tests/arch_host.h"

#define CALLS_RAM_BYTES (4u << 20)
#define CALL_SLOT(slot) EXIT_BLOCK(INVOKE_CALL, slot)
#define FORK_SLOT(slot) EXIT_BLOCK(INVOKE_FORK, slot)
#define RETURN_SLOT(slot) EXIT_BLOCK(INVOKE_RETURN, slot)
#define SEND_MEMORY EXIT_STRING(STRING_MEMORY)
#define SEND_REGISTERS EXIT_STRING(STRING_REGISTERS)
#define SEND_KEY(i, slot) EXIT_SENDS(i, slot)
#define TAKE_MEMORY ENTRY_STRING(STRING_MEMORY)
#define TAKE_KEY(i, slot) ENTRY_TAKES(i, slot)
#define TAKE_ALL ENTRY_CODE

#define CALLS_PAGES 16u       /* of memory, from address 0 on */
#define CALLS_SEND 0x1f00u    /* the string that is sent; crosses a page if it is long */
#define CALLS_TAKE 0x4f00u    /* the string that comes back */
#define CALLS_SLOT_REPLY 12u  /* keys 0, 1, 2 of the reply: slots 12, 13, 14 */

struct reply {
    bool back; /* the caller runs again */
    uint64_t code, length_bytes;
    uint8_t string[STRING_BYTES_MAX];
};

/* calls_domain - a domain with CALLS_PAGES pages of memory. */
uint64_t calls_domain(struct store *store, enum domain_state state);
/* calls_boot - finish the store, boot it with every check on, and let the domain run. */
void calls_boot(struct store *store, uint64_t root);
/* calls_order - the running domain calls a slot: an order, a string, keys (SEND_KEY). */
struct reply calls_order(unsigned slot, uint64_t order, const void *string, size_t size_bytes,
                         uint64_t keys);
/* calls_code - the same, and only the return code is wanted. calls_number: with a string of
 * 8 bytes. */
uint64_t calls_code(unsigned slot, uint64_t order, uint64_t keys);
uint64_t calls_number(unsigned slot, uint64_t order, uint64_t number);
/* calls_back - others, and the disk, have their turns until this domain runs again.
 * calls_word_set, calls_word_get - the running domain writes or reads its memory, and is back. */
void calls_back(uint64_t root);
void calls_word_set(uint64_t addr, uint64_t word);
uint64_t calls_word_get(uint64_t addr);

#endif
