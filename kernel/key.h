/* SPDX-License-Identifier: GPL-2.0-or-later */
/* key.h - a key in memory.
 *
 * Its first 16 bytes are exactly struct disk_key; `object` is a hint to the frame of its object. A
 * key is valid iff the frame holds the object it names with the count it carries: one compare each,
 * so no chains are kept and rescission is the change of one count. The hint is never trusted.
 *
 * Invariants
 *  1. Keys live in node frames and, while a message is in flight, in struct invocation; nowhere
 *     else.
 *  2. A void key (its count is not its object's) is data key 0 to everyone: whoever meets it
 *     replaces it.
 */
#ifndef LATCHKEY_KERNEL_KEY_H
#define LATCHKEY_KERNEL_KEY_H

#include "kernel/base.h"
#include "kernel/limits.h"

struct key {
    uint64_t head;  /* type | data byte << 8 | object id << 16 */
    uint64_t count; /* or the number of a data key */
    void *object;   /* hint: struct node_frame or struct page_frame; in a message also NULL */
    uint64_t built; /* not 0: page-table entries may have been built through this slot (depend.h) */
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

/* Sets of key types, as bits: one test instead of a switch. */
#define KEY_SET(type) (1u << (type))
#define KEY_SET_NODE_LIKE                                                                          \
    (KEY_SET(KEY_SEGMENT) | KEY_SET(KEY_NODE) | KEY_SET(KEY_FETCH) | KEY_SET(KEY_SENSE))
#define KEY_SET_MEMORY (KEY_SET_NODE_LIKE | KEY_SET(KEY_PAGE))
#define KEY_SET_NODES                                                                              \
    (KEY_SET_NODE_LIKE | KEY_SET(KEY_METER) | KEY_SET(KEY_START) | KEY_SET(KEY_RESUME) |           \
     KEY_SET(KEY_DOMAIN) | KEY_SET(KEY_FRONT_END))
static_assert(KEY_TYPE_COUNT <= 32, "a set is 32 bits");

static inline bool key_in(const struct key *key, uint32_t set)
{
    return set >> (key_type(key) & 31u) & 1;
}

/* key_names_node - the key designates a node (a node frame is what it prepares to). */
static inline bool key_names_node(const struct key *key)
{
    return key_in(key, KEY_SET_NODES);
}

/* key_weaken - what a sense key hands out for a key that it fetched (the table: orders.h). */
struct key key_weaken(const struct key *key);

#endif
