/* SPDX-License-Identifier: GPL-2.0-or-later */
/* history.h - the last invocations, for whoever has to find out why the machine stopped.
 *
 * Calls by the general path are noted always: some 30 instructions each. The short path notes
 * nothing; the knob "general" sends every call the general way, and so all are noted. */
#ifndef LATCHKEY_KERNEL_HISTORY_H
#define LATCHKEY_KERNEL_HISTORY_H

#include "kernel/domain.h"

#define HISTORY_LINES 32u

struct history_line {
    uint64_t root_id; /* who called; 0: nobody yet */
    uint64_t exit;    /* its exit block */
    uint64_t head;    /* of the key */
    uint64_t order;
    uint64_t code;    /* what came back, if anything did at once */
    uint64_t cycles;  /* when it began; then what it cost */
    uint8_t outcome;  /* enum history_outcome */
};
enum history_outcome { HISTORY_UNDER_WAY, HISTORY_RETURNED, HISTORY_WAITS, HISTORY_STALLED };

/* history_begin - the domain executed an ecall. history_end - the kernel did what it could. */
struct history_line *history_begin(const struct domain *domain);
void history_end(struct history_line *line, const struct domain *domain);
/* history_print - who is current, at what pc; and the calls, the newest first. For panic(). */
void history_print(void);

#endif
