/* SPDX-License-Identifier: GPL-2.0-or-later */
/* oracle.h - what must come of any call of any kernel key in a small world, said from abi.h alone:
 * neither the kernel's table nor its code is asked. For the matrix of all calls, natively
 * (tests/kernel_matrix.c) and in the system (matrix/main.c).
 *
 * In that world one domain, the caller, makes the calls. A second one, the target, is behind start,
 * resume and domain keys; a third one, the waiter, waits, and is who key 3 of a message resumes.
 */
#ifndef LATCHKEY_DOMAINS_ORACLE_H
#define LATCHKEY_DOMAINS_ORACLE_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/abi.h"

#define ORACLE_ANY UINT64_MAX /* a length that the oracle leaves open */
#define ORACLE_NODE_NUMBER 100u /* + slot: what is in the node, but for the two slots below */
#define ORACLE_NODE_START 3u    /* this slot of the node holds a start key of the target, */
#define ORACLE_NODE_PAGE 4u     /* and this one a key to the page, which is not all zero */
#define ORACLE_SLOT_NUMBER 1000u /* + slot: what is in the target's general slots */
#define ORACLE_PRIORITY 3u      /* of the target */
#define ORACLE_KEEPER_BYTE 33u  /* of the start key that is the red node's keeper */
#define ORACLE_COUNTERS 19u     /* the kernel has so many */

/* The objects of the world, by numbers that only need to be different. */
struct oracle_objects {
    uint64_t caller, target, waiter; /* domains */
    uint64_t memory;           /* the target's address segment */
    uint64_t node, other_node; /* the first two of the node range */
    uint64_t red;              /* keeper: a start key of the target */
    uint64_t red_alone;        /* no keeper */
    uint64_t page, other_page; /* the first two of the page range */
    uint64_t meter;            /* keeper: a start key of the target */
    uint64_t prime_meter;
};

/* A key to invoke. */
struct thing {
    const char *name;
    enum key_type type;
    uint8_t data_byte;
    uint64_t id; /* or the first of a range */
};

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
/* A key that comes back: its type and its object, or the number of a data key. */
struct expected_key {
    enum key_type type;
    uint64_t id;
};
struct expected {
    enum outcome outcome;
    uint64_t code, length_bytes;
    struct expected_key keys[3]; /* of a reply */
    uint8_t data_byte;           /* that the target gets */
    bool forwarded;              /* key 2 that the target gets is a node key of the red node */
};

/* oracle - what is to come of a case. */
struct expected oracle(const struct oracle_objects *objects, const struct matrix_case *one);
/* oracle_words - the beginning of the string that makes the most of an order. */
void oracle_words(const struct matrix_case *one, uint64_t words[2]);
/* oracle_key - the key to send as key `index`: its type, and in *id its object, or its number. */
enum key_type oracle_key(const struct oracle_objects *objects, const struct matrix_case *one,
                         unsigned index, uint64_t *id);

#endif
