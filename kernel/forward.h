/* SPDX-License-Identifier: GPL-2.0-or-later */
/* forward.h - messages to front ends and kept segments go to the keeper (abi.h). */
#ifndef LATCHKEY_KERNEL_FORWARD_H
#define LATCHKEY_KERNEL_FORWARD_H

#include "kernel/invoke.h"

/* forward - while the key passes messages on, the keeper's key takes its place. false: the sender
 * stalled, or trapped because there is no end to it. */
MUST_CHECK bool forward(struct invocation *invocation);

#endif
