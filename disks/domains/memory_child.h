/* SPDX-License-Identifier: GPL-2.0-or-later */
/* memory_child.h - a domain that touches its memory on request, for tests of segment keepers. What
 * it touches in vain is repaired by keeper.c, as agreed in rt/protocol.h. RC_NOT_THERE: it was in
 * vain. */
#ifndef LATCHKEY_DOMAINS_MEMORY_CHILD_H
#define LATCHKEY_DOMAINS_MEMORY_CHILD_H

#define MEMORY_LOAD 1u  /* u64 address -> u64 */
#define MEMORY_STORE 2u /* u64 address, u64 value */
#define MEMORY_SEND 3u  /* u64 address, u64 length, u64 address of the answer: calls SLOT_ECHO with
                         * the string there, with the same order */
#define SLOT_ECHO 0u

#endif
