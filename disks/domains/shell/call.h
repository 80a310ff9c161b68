/* SPDX-License-Identifier: GPL-2.0-or-later */
/* call.h - a message as a person writes it, and what came of it. */
#ifndef LATCHKEY_DOMAINS_SHELL_CALL_H
#define LATCHKEY_DOMAINS_SHELL_CALL_H

#include "disks/domains/parts/arguments.h"
#include "disks/domains/shell/hand.h"

#define CALL_STRING_BYTES 1024u

struct call {
    unsigned place; /* of the key that is invoked, on the shelf */
    uint64_t what;  /* HAND_* */
    uint64_t order;
    uint8_t string[CALL_STRING_BYTES];
    size_t string_bytes;
    bool has_string;
    unsigned key_count;
    char *as; /* names for the keys that come, between commas; NULL: any */
};

/* call_read - read KEY ORDER and what follows, from word 1 on; the keys to be sent are in their
 * slots then. false: a mistake, which is said. */
bool call_read(struct call *call, struct arguments *arguments);
/* call_begin - have the hand do it. */
void call_begin(const struct call *call);
/* call_end - say what came of it; the keys that came are in their slots. */
void call_end(const struct call *call, const struct hand_answer *answer, const uint8_t *string);
/* code_say - a return code in words. */
void code_say(uint64_t code);

#endif
