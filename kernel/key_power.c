/* SPDX-License-Identifier: GPL-2.0-or-later */
/* key_power.c - ending the run. Called by order.c; calls sbi. */
#include "kernel/driver/sbi.h"
#include "kernel/keys.h"

#define EXIT_CODE_MAX 0xffffu /* the finisher's field has 16 bits (devices/board.h) */

enum invoked power_off(struct invocation *invocation)
{
    uint64_t exit_code;
    (void)invoke_string(invocation, &exit_code, sizeof(exit_code));
    if (exit_code > EXIT_CODE_MAX)
        return invoke_answer(invocation, RC_FORMAT);
    sbi_power_off((uint32_t)exit_code);
}

enum invoked power_reset(struct invocation *invocation)
{
    (void)invocation;
    sbi_reset();
}
