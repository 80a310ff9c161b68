/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ledger_path.h - what brought the kernel in, what came of it, and words for both.
 *
 * Used by the ledger and what prints it. Calls nothing.
 */
#ifndef LATCHKEY_EMULATOR_LEDGER_PATH_H
#define LATCHKEY_EMULATOR_LEDGER_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Why the kernel runs. */
enum ledger_kind {
    LEDGER_POWER_ON, /* it began there, or somebody began to watch */
    LEDGER_CALL,     /* kernel calls, by kernel/abi.h */
    LEDGER_RETURN,
    LEDGER_FORK,
    LEDGER_ECALL,     /* one that is none of these, or of a kernel that is not ours */
    LEDGER_PAGE_FAULT,
    LEDGER_EXCEPTION, /* another one */
    LEDGER_TIMER,
    LEDGER_EXTERNAL,
    LEDGER_SOFTWARE,
    LEDGER_WAKE, /* the hart waited, and an interrupt came */
    LEDGER_KIND_COUNT
};

/* What was sent along, by its length. */
enum ledger_length {
    LENGTH_NONE,
    LENGTH_REGISTERS, /* in registers */
    LENGTH_0,         /* in memory: so many bytes, or fewer */
    LENGTH_16,
    LENGTH_64,
    LENGTH_256,
    LENGTH_1024,
    LENGTH_4096,
    LENGTH_TOO_LONG,
    LENGTH_COUNT
};

#define LEDGER_NO_KEY 0xffu
#define LEDGER_MANY UINT64_MAX /* an order: any; there are more than a ledger keeps apart */

/* How the kernel was entered. Orders that one row of kernel/orders.h names count as its first. */
struct ledger_path {
    uint64_t order; /* of a message; of a fault or exception its cause */
    uint8_t kind;   /* enum ledger_kind */
    uint8_t key_type; /* enum key_type, of a kernel call; LEDGER_NO_KEY: none */
    uint8_t detail; /* enum resume_kind of a resume key; 0 */
    uint8_t keys;   /* that were sent; the resume key of a CALL is not counted */
    uint8_t length; /* enum ledger_length */
};

/* How it was left. */
enum ledger_outcome {
    RESULT_DELIVERED, /* the key's domain has the message; after a FORK, the sender goes on */
    RESULT_ANSWERED,  /* by the kernel, with this code */
    RESULT_AGAIN,     /* the same domain does the same instruction again */
    RESULT_RESUMED,   /* the same domain goes on elsewhere */
    RESULT_OTHER,     /* another domain goes on: it waits, or was preempted, or its keeper runs */
    RESULT_WAITED,    /* nobody goes on: the hart waits */
    RESULT_ENDED,     /* power went, or nobody watches any more */
    RESULT_COUNT
};

struct ledger_result {
    uint64_t code; /* RESULT_ANSWERED; LEDGER_CODE: one that is no kernel's */
    enum ledger_outcome outcome;
};
#define LEDGER_CODE (UINT64_MAX - 1)

/* Registers at a crossing: x[n] is register n. */

/* ledger_path_of_call - a kernel call. key_head: of the key it invokes (kernel/key.h). */
struct ledger_path ledger_path_of_call(const uint64_t *x, uint64_t key_head);
/* ledger_path_of_trap - anything else. */
struct ledger_path ledger_path_of_trap(uint64_t cause);
/* ledger_is_call - would the kernel take this ecall for one? */
bool ledger_is_call(const uint64_t *x);
/* ledger_path_is_message - a kernel call of ours: key, keys and length tell what was sent. */
bool ledger_path_is_message(const struct ledger_path *path);
/* ledger_code_of - a return code, as results tell them apart: those of kernel/abi.h. */
uint64_t ledger_code_of(uint64_t code);

/* ledger_path_equal - in every member. */
bool ledger_path_equal(const struct ledger_path *left, const struct ledger_path *right);

#define LEDGER_TEXT_BYTES 48u
const char *ledger_kind_name(unsigned kind);     /* "CALL" */
const char *ledger_key_name(unsigned key_type);  /* "start"; "-": none */
const char *ledger_length_name(unsigned length); /* "-", "regs", "<=64" */
/* ledger_order_text - the order in words, if it has any, else as a number; of a fault, its cause.
 * ledger_result_text - "delivered", "ok", "KT+2". ledger_id_text - of a domain or a meter; "-":
 * nobody. */
void ledger_order_text(const struct ledger_path *path, char text[LEDGER_TEXT_BYTES]);
void ledger_result_text(const struct ledger_result *result, char text[LEDGER_TEXT_BYTES]);
void ledger_id_text(uint64_t id, char text[LEDGER_TEXT_BYTES]);
#define LEDGER_PATH_BYTES 128u
/* ledger_path_text - all of a path, short, without ';' and ' ': a frame of a flame graph. */
void ledger_path_text(const struct ledger_path *path, char text[LEDGER_PATH_BYTES]);

#endif
