/* SPDX-License-Identifier: GPL-2.0-or-later */
/* creator.h - domain creators: they make domains, and can tell and open those that they made.
 * Orders of KeyKOS.
 *
 * Served by creator/. A domain creator has a brand of its own, and each domain that it makes
 * carries it: who holds the creator can ask it whether a start key, a resume key, or the keeper of
 * a segment or meter belongs to such a domain, and gets its domain key.
 *
 * A new domain has empty slots, no memory, no meter, no keeper; its registers are 0 and it is
 * available. The one who creates it gives it what it needs (domain_swap(), domain_put_registers())
 * and starts it: creator_start_domain() below.
 *
 * Return codes: RC_NOT_PROMPT: the key given as a bank is not one of the space bank's; RC_NO_SPACE:
 * the bank had not enough nodes; RC_NOT_THERE: not a domain of this creator, or its nodes were not
 * bought from this bank. Nothing was done then.
 */
#ifndef LATCHKEY_DOMAINS_CREATOR_H
#define LATCHKEY_DOMAINS_CREATOR_H

#include "disks/domains/rt/bank.h"
#include "disks/domains/rt/slots.h"

#define RC_NOT_PROMPT 1u
#define RC_NO_SPACE 2u

#define AKT_CREATOR 0x0du
#define CREATOR_DESTROY 1u           /* [domain, bank] */
#define CREATOR_IDENTIFY_START 2u    /* [start key] -> [domain] */
#define CREATOR_IDENTIFY_RESUME 3u   /* [resume key] -> [domain] */
#define CREATOR_IDENTIFY_SEGMENT 5u  /* [segment or front end key] -> [domain, node]: its keeper is
                                      * a start key; 6, 7: a resume key, a domain key */
#define CREATOR_DESTROY_ME 8u        /* [resume key, bank] u64 code: the caller, a domain of this
                                      * creator, ends; the code goes to the resume key */
#define CREATOR_IDENTIFY_METER 9u    /* [meter] -> [domain, node]; 10, 11 as above */
#define CREATOR_CREATE 12u           /* [bank] -> [domain] */
#define CREATOR_WEAKEN 13u           /* -> [key of this creator that knows CREATE, DESTROY_ME,
                                      * SEVER_ME and WEAKEN only] */
#define CREATOR_SEVER 14u            /* [start key, bank] -> [domain]: all other keys of that domain
                                      * are void */
#define CREATOR_SEVER_ME 15u         /* [bank] -> [domain]: the same for the caller */
/* ORDER_DESTROY [bank]: the creator ends; its domains stay, and nobody can open them. */

/* The creator of domain creators (DCC). */
#define AKT_CREATORS 0x10du
#define CREATORS_CREATE 0u           /* [bank] -> [domain creator]; takes two nodes */
#define CREATORS_IDENTIFY 1u         /* [key] -> 0: a domain creator; 1: not */

/* Data bytes of the start keys of creator/: for the DCC, and as keeper of the creators' nodes. */
#define CREATOR_FOR_ALL 0u
#define CREATOR_DOOR 1u

/* CREATOR_INTERFACE - the typed calls: shapes as in interface.h. */
#define CREATOR_INTERFACE(LINE)                                                                    \
    LINE(KEYS_OUT, creator_destroy_with, CREATOR_DESTROY, void)                                    \
    LINE(KEY_BOTH, creator_identify_start, CREATOR_IDENTIFY_START, void)                           \
    LINE(KEY_BOTH, creator_identify_resume, CREATOR_IDENTIFY_RESUME, void)                         \
    LINE(KEYS_BOTH, creator_identify_segment, CREATOR_IDENTIFY_SEGMENT, void)                      \
    LINE(KEYS_BOTH, creator_identify_meter, CREATOR_IDENTIFY_METER, void)                          \
    LINE(KEY_BOTH, creator_create, CREATOR_CREATE, void)                                           \
    LINE(KEY_IN, creator_weaken, CREATOR_WEAKEN, void)                                             \
    LINE(KEYS_BOTH, creator_sever_with, CREATOR_SEVER, void)                                       \
    LINE(KEY_BOTH, creator_sever_me, CREATOR_SEVER_ME, void)                                       \
    LINE(KEY_OUT, creator_end, ORDER_DESTROY, void)                                                \
    LINE(KEY_BOTH, creators_create, CREATORS_CREATE, void)                                         \
    LINE(KEY_OUT, creators_identify, CREATORS_IDENTIFY, void)
/* CREATOR_INTERFACE - the calls themselves. */
CREATOR_INTERFACE(INTERFACE_CALL)

/* creator_destroy - destroy a domain; its nodes go back to the bank. */
static inline uint64_t creator_destroy(unsigned slot, unsigned domain, unsigned bank)
{
    const uint8_t sent[MESSAGE_KEYS] = {(uint8_t)domain, (uint8_t)bank, SLOT_NONE, SLOT_NONE};
    return creator_destroy_with(slot, sent);
}

/* creator_sever - void all keys of a domain but the one that comes back. */
static inline uint64_t creator_sever(unsigned slot, unsigned start, unsigned bank,
                                     unsigned receive_slot)
{
    const uint8_t sent[MESSAGE_KEYS] = {(uint8_t)start, (uint8_t)bank, SLOT_NONE, SLOT_NONE};
    const uint8_t received[MESSAGE_KEYS] = {(uint8_t)receive_slot, SLOT_NONE, SLOT_NONE,
                                            SLOT_NONE};
    return creator_sever_with(slot, sent, received);
}

/* creator_start_domain - let a domain, not running, go from a program counter and a stack pointer.
 * Uses SLOT_TEMPORARY. */
static inline uint64_t creator_start_domain(unsigned domain, uint64_t pc, uint64_t sp)
{
    const uint64_t registers[3] = {pc, 0, sp};
    const struct domain_control no_trap = {.trap_code = 0};
    struct message go = MESSAGE(0);
    uint64_t code = domain_make_busy(domain, SLOT_TEMPORARY);
    if (code == RC_OK)
        code = key_order_string(domain, DOMAIN_PUT_REGISTERS, registers, sizeof(registers), NULL,
                                NULL);
    if (code == RC_OK)
        code = domain_put_control(domain, &no_trap);
    if (code == RC_OK)
        (void)key_fork(SLOT_TEMPORARY, &go);
    return code;
}

#endif
