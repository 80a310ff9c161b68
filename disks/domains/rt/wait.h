/* SPDX-License-Identifier: GPL-2.0-or-later */
/* wait.h - alarms: waiting for a time without keeping a timer key. Orders of KeyKOS.
 *
 * Served by wait/. Each start key has an alarm of its own, by its data byte. Setting it does not
 * wait; waiting returns when the time it was set to has come, at once if that is past or it was
 * never set. Up to WAITERS_MAX domains wait at once, through any alarms.
 */
#ifndef LATCHKEY_DOMAINS_WAIT_H
#define LATCHKEY_DOMAINS_WAIT_H

#include "disks/domains/rt/interface.h"

#define AKT_WAIT 0x25u
#define WAIT_ALARMS 16u             /* data bytes 0..15; others get RC_BAD_ORDER */
#define WAITERS_MAX 16u
#define WAIT_WAIT 0u
#define WAIT_SET 1u                 /* u64: nanoseconds since 1970-01-01 UTC */
#define WAIT_SET_INTERVAL 2u        /* u64: microseconds from now on */
#define WAIT_SET_AND_WAIT 3u
#define WAIT_INTERVAL_AND_WAIT 4u
#define WAIT_SHOW 5u                /* -> text: 2026-01-31 12:00:00 UTC */
#define WAIT_SHOW_TIME 7u           /* -> u64: nanoseconds since 1970-01-01 UTC */

#define RC_WAIT_CROWDED 1u /* too many wait already */

/* Data byte of the start key that the service's own pump calls when time has come. */
#define WAIT_PUMP 255u

/* WAIT_INTERFACE - the typed calls: shapes as in interface.h. */
#define WAIT_INTERFACE(LINE)                                                                       \
    LINE(ORDER, wait_wait, WAIT_WAIT, void)                                                        \
    LINE(WORD_OUT, wait_set, WAIT_SET, void)                                                       \
    LINE(WORD_OUT, wait_set_interval, WAIT_SET_INTERVAL, void)                                     \
    LINE(WORD_OUT, wait_set_and_wait, WAIT_SET_AND_WAIT, void)                                     \
    LINE(WORD_OUT, wait_interval_and_wait, WAIT_INTERVAL_AND_WAIT, void)                           \
    LINE(BYTES_IN, wait_show, WAIT_SHOW, void)                                                     \
    LINE(WORD_IN, wait_show_time, WAIT_SHOW_TIME, void)
/* WAIT_INTERFACE - the calls themselves. */
WAIT_INTERFACE(INTERFACE_CALL)

#endif
