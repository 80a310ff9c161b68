/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hand.h - what the shell and its hand say to each other.
 *
 * The shell never calls a key that a person names: it could wait for ever. Its hand (shell_hand.c)
 * does that, and tells the shell what came of it; until then the shell listens to the console,
 * through its pump (shell_pump.c), and can break the hand off and start it again.
 */
#ifndef LATCHKEY_DOMAINS_SHELL_HAND_H
#define LATCHKEY_DOMAINS_SHELL_HAND_H

#include "disks/domains/rt/interface.h"

/* Data bytes of the shell's start keys. */
#define SHELL_FOR_ALL 0u  /* any order: it takes the console until it is told to exit */
#define SHELL_FROM_PUMP 1u /* string: bytes of the console; none: there is nothing to read from */
#define SHELL_FROM_HAND 2u /* [keys that came] struct hand_answer and the string that came */

/* To the hand: key 0 is the one to be called, keys 1..3 those to be sent; struct hand_request and
 * the string to be sent. */
#define HAND_CALL 0u /* CALL, and look at the keys that come */
#define HAND_SEND 1u /* FORK */
#define HAND_SHOW 2u /* look at what is in a node */

/* How a key is known. */
enum key_kind { KEY_KIND_OTHER, KEY_KIND_DATA, KEY_KIND_RESUME, KEY_KIND_UNKNOWN };

struct look {
    uint64_t kind;  /* enum key_kind */
    uint64_t value; /* OTHER: its answer to ORDER_TYPE; DATA: the number */
};
struct hand_request {
    uint64_t order;
    uint64_t has_string;
};
/* How many are sent, and looked at; the fourth one of an answer is lost. */
#define HAND_KEYS 3u
struct hand_answer {
    uint64_t code;
    uint64_t length_bytes; /* of the string that came, of which as much follows as there is room */
    struct look looks[NODE_SLOTS];
};
#define HAND_STRING_BYTES (STRING_BYTES_MAX - sizeof(struct hand_answer))

/* look_at - what the key in a slot is. A resume key is asked nothing: that would use it up. */
static inline struct look look_at(unsigned discrim_slot, unsigned slot)
{
    const uint64_t class_data = 1, class_resume = 2; /* answers to DISCRIM_TYPE */
    struct look look = {KEY_KIND_OTHER, 0};
    uint64_t class = discrim_type(discrim_slot, slot);
    if (class == class_resume) {
        look.kind = KEY_KIND_RESUME;
    } else if (class == class_data) {
        look.kind = KEY_KIND_DATA;
        (void)number_read(slot, &look.value);
    } else {
        look.value = key_type_of(slot);
    }
    return look;
}

#endif
