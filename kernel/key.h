/* SPDX-License-Identifier: GPL-2.0-or-later */
/* key.h - a key in memory.
 *
 * Its first 16 bytes are exactly struct disk_key; `object` is a hint to the frame of its object. A key
 * is valid iff the frame holds the object it names with the count it carries: one compare each, so no
 * chains are kept and rescission is the change of one count. The hint is never trusted.
 *
 * Invariants
 *  1. Keys live in node frames and, while a message is in flight, in struct invocation; nowhere else.
 *  2. A void key (its count is not its object's) is data key 0 to everyone: whoever meets it replaces it.
 */
#ifndef LATCHKEY_KERNEL_KEY_H
#define LATCHKEY_KERNEL_KEY_H

#include "kernel/base.h"
#include "kernel/limits.h"

struct key {
    uint64_t head;  /* type | data byte << 8 | object id << 16 */
    uint64_t count; /* or the number of a data key */
    void *object;   /* hint: struct node_frame or struct page_frame; NULL: unknown */
    uint64_t spare; /* 0; makes a slot 32 bytes */
};
static_assert(sizeof(struct key) == 32, "key slot");

static inline enum key_type key_type(const struct key *key)
{
    return (enum key_type)(key->head & 0xff);
}

static inline uint8_t key_data_byte(const struct key *key)
{
    return (uint8_t)(key->head >> 8);
}

static inline uint64_t key_object_id(const struct key *key)
{
    return key->head >> 16;
}

static inline struct key key_make(enum key_type type, uint8_t data_byte, uint64_t object_id,
                                  uint64_t count)
{
    kassert(object_id <= OBJECT_ID_MAX);
    return (struct key){.head = (uint64_t)type | (uint64_t)data_byte << 8 | object_id << 16,
                        .count = count};
}

static inline struct key key_number(uint64_t number)
{
    return (struct key){.count = number};
}

static inline bool key_is_zero(const struct key *key)
{
    return key->head == 0 && key->count == 0;
}

/* Same object, same authority: equal in every bit that counts. */
static inline bool key_equal(const struct key *left, const struct key *right)
{
    return left->head == right->head && left->count == right->count;
}

/* key_names_node - the key designates a node (a node frame is what it prepares to). */
static inline bool key_names_node(const struct key *key)
{
    switch (key_type(key)) {
    case KEY_SEGMENT:
    case KEY_NODE:
    case KEY_METER:
    case KEY_FETCH:
    case KEY_START:
    case KEY_RESUME:
    case KEY_DOMAIN:
    case KEY_SENSE:
    case KEY_FRONT_END:
        return true;
    case KEY_DATA:
    case KEY_PAGE:
    case KEY_NODE_RANGE:
    case KEY_PAGE_RANGE:
    case KEY_RETURNER:
    case KEY_DISCRIM:
    case KEY_DOMAIN_TOOL:
    case KEY_DATA_CREATOR:
    case KEY_COMPARE:
    case KEY_PEEK:
    case KEY_TIMER:
    case KEY_CONSOLE:
    case KEY_DISPLAY:
    case KEY_INPUT:
    case KEY_DISK:
    case KEY_CHECKPOINT:
    case KEY_JOURNAL:
    case KEY_ERROR_LOG:
    case KEY_POWER:
    case KEY_TYPE_COUNT:
        break;
    }
    return false;
}

/* key_weaken - what a sense key hands out for a key that it fetched (keykos.md 2.6). */
struct key key_weaken(const struct key *key);

#endif
