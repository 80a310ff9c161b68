/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ledger_count.h - how often each value occurred, and the exact median of them all.
 *
 * Used by the ledger. Calls memory.h.
 */
#ifndef LATCHKEY_EMULATOR_LEDGER_COUNT_H
#define LATCHKEY_EMULATOR_LEDGER_COUNT_H

#include <stddef.h>
#include <stdint.h>

struct occurrence {
    uint64_t value, count; /* count 0: the place is free */
};

struct occurrences {
    struct occurrence *places; /* a hash table; a power of 2 of them */
    size_t place_count, used;
    size_t last; /* where the newest value is */
    uint64_t total, sum;
};

/* min, median and max are 0 when nothing occurred; of an even number, the median is the lower of
 * the two in the middle. */
struct occurrence_summary {
    uint64_t count, sum, min, median, max;
};

/* ledger_hash - of a value; its low bits say where in a table of a power of 2 places. */
size_t ledger_hash(uint64_t value);
/* occurrences_add - a value occurred. occurrences that are all zero are empty. */
void occurrences_add(struct occurrences *occurrences, uint64_t value);
/* occurrences_move - all of them to others; from is empty then. */
void occurrences_move(struct occurrences *from, struct occurrences *to);
struct occurrence_summary occurrences_summary(const struct occurrences *occurrences);
void occurrences_finish(struct occurrences *occurrences);

#endif
