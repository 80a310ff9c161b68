/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_matrix.h - a small world in which one domain makes any call that there is, and an oracle
 * that says, from abi.h alone, what must come of it.
 *
 * The caller has the key it invokes in MATRIX_SLOT_KEY and what it sends in the slots from
 * MATRIX_SLOT_SENT on. A second domain is behind start, resume and domain keys; a third waits, and
 * is who key 3 of a message resumes.
 */
#ifndef LATCHKEY_TESTS_KERNEL_MATRIX_H
#define LATCHKEY_TESTS_KERNEL_MATRIX_H

#include "tests/kernel_calls.h"

#define MATRIX_SLOT_KEY 0u
#define MATRIX_SLOT_SENT 1u /* to 4 */
#define MATRIX_SLOT_TAKEN 8u /* to 11: where each domain takes keys */
#define MATRIX_ANY UINT64_MAX /* a length that the oracle leaves open */
#define MATRIX_PAGE_BYTE 0x5au /* all that is in the page */
#define MATRIX_NODE_NUMBER 100u /* + slot: what is in the node, but for the two slots below */
#define MATRIX_NODE_START 3u    /* this slot of the node holds a start key, */
#define MATRIX_NODE_PAGE 4u     /* and this one a page key */

/* The objects of the world. */
struct matrix {
    struct store *store;
    uint64_t caller, target, waiter; /* domains */
    uint64_t node, other_node;
    uint64_t red;   /* keeper: a start key of the target */
    uint64_t red_alone; /* no keeper */
    uint64_t page, other_page;
    uint64_t meter; /* keeper: a start key of the target, as its brand says */
};

/* A key to invoke. */
struct thing {
    const char *name;
    enum key_type type;
    uint8_t data_byte;
    uint64_t id; /* or the first of a range */
};
#define MATRIX_THINGS 35u
#define MATRIX_RANGE 40u /* objects in each of the two ranges */
#define MATRIX_BRAND_BYTE 9u /* the brand: a start key of the waiter with this byte */
#define MATRIX_KEEPER_BYTE 33u /* of the start key that is the red node's keeper */

struct matrix_case {
    const struct thing *thing;
    uint64_t order;
    enum invoke_kind kind;
    enum domain_state state; /* of the target */
    unsigned key_count;      /* so many keys are sent, 0..4 */
    uint64_t length_bytes;
    enum string_mode mode;
};

enum outcome {
    OUTCOME_REPLY,     /* by the kernel, to the caller, to the waiter, or to nobody */
    OUTCOME_DELIVERED, /* to the target */
    OUTCOME_RESUMED,   /* the target goes on, with no message */
    OUTCOME_REFUSED,   /* it is told that its keeper refuses: a trap */
    OUTCOME_VANISHED,
    OUTCOME_STALLED,   /* the caller waits for the target */
    OUTCOME_TRAPPED,   /* code: the trap */
};
struct expected {
    enum outcome outcome;
    uint64_t code, length_bytes;
    enum key_type key_type; /* of key 0 that comes back; KEY_DATA: data key key_id */
    uint64_t key_id;
    uint8_t data_byte;      /* that the target gets */
    bool forwarded;         /* key 2 that the target gets is a node key of the red node */
};

/* matrix_make - the world, booted; the caller runs. Fills the things. */
void matrix_make(struct matrix *matrix, struct thing things[MATRIX_THINGS]);
/* matrix_reset - everything as at the start, with keys that are valid now, and the keys and the
 * string for this case in place. The caller runs. */
void matrix_reset(const struct matrix *matrix, const struct matrix_case *one);
/* matrix_call - make the call. Returns NULL, or what is not as expected. */
const char *matrix_call(const struct matrix *matrix, const struct matrix_case *one,
                        const struct expected *expected);

/* oracle - what is to come of a case. oracle_words - the beginning of the string that makes the
 * most of an order. oracle_key - the key to send as key `index`: type, and in *id its object, or
 * its number. */
struct expected oracle(const struct matrix *matrix, const struct matrix_case *one);
void oracle_words(const struct matrix *matrix, const struct matrix_case *one, uint64_t words[2]);
enum key_type oracle_key(const struct matrix *matrix, const struct matrix_case *one,
                         unsigned index, uint64_t *id);

#endif
