/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_matrix.h - the oracle's world (disks/domains/parts/oracle.h) on the host, and one call in
 * it. The caller has the key it invokes in MATRIX_SLOT_KEY and what it sends in the slots from
 * MATRIX_SLOT_SENT on. */
#ifndef LATCHKEY_TESTS_KERNEL_MATRIX_H
#define LATCHKEY_TESTS_KERNEL_MATRIX_H

#include "disks/domains/parts/oracle.h"
#include "tests/kernel_calls.h"

#define MATRIX_THINGS 35u
#define MATRIX_RANGE 40u /* objects in each of the two ranges */
#define MATRIX_BRAND_BYTE 9u /* the brand: a start key of the waiter with this byte */
#define MATRIX_SLOT_KEY 0u
#define MATRIX_SLOT_SENT 1u /* to 4 */
#define MATRIX_SLOT_TAKEN 8u /* to 11: where each domain takes keys */
#define MATRIX_PAGE_BYTE 0x5au /* all that is in the page */

struct matrix {
    struct store *store;
    struct oracle_objects objects;
};

/* matrix_make - the world, booted; the caller runs. Fills the things. */
void matrix_make(struct matrix *matrix, struct thing things[MATRIX_THINGS]);
/* matrix_reset - everything as at the start, with keys that are valid now, and the keys and the
 * string for this case in place. The caller runs. */
void matrix_reset(const struct matrix *matrix, const struct matrix_case *one);
/* matrix_call - make the call. Returns NULL, or what is not as expected. */
const char *matrix_call(const struct matrix *matrix, const struct matrix_case *one,
                        const struct expected *expected);

#endif
