/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check.h - the consistency check of everything in memory; panics on the first broken rule. */
#ifndef LATCHKEY_KERNEL_CHECK_H
#define LATCHKEY_KERNEL_CHECK_H

/* check_all - every frame, chain, cached domain, queue, space and dependency. */
void check_all(void);

#endif
