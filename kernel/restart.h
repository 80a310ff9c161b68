/* SPDX-License-Identifier: GPL-2.0-or-later */
/* restart.h - from a store on disk to running domains. */
#ifndef LATCHKEY_KERNEL_RESTART_H
#define LATCHKEY_KERNEL_RESTART_H

#include "kernel/base.h"

/* restart - find the newest committed checkpoint and make its running domains ready.
 * Returns NULL, or one line that says why the store cannot be restarted. */
const char *restart(void);
/* restart_time_ns - system time at that checkpoint's freeze. */
uint64_t restart_time_ns(void);

#endif
