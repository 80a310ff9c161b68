/* SPDX-License-Identifier: GPL-2.0-or-later */
/* key_power.c - ending the run. Called by invoke.c; calls sbi. */
#include "kernel/driver/sbi.h"
#include "kernel/keys.h"

#define EXIT_CODE_MAX 0xffffu /* the finisher's field has 16 bits (devices/board.h) */

enum invoked power_invoke(struct invocation *invocation)
{
    uint64_t exit_code;
    switch (invocation->message.code) {
    case ORDER_TYPE:
        return invoke_answer(invocation, AKT_POWER);
    case POWER_OFF_ORDER:
        (void)invoke_string(invocation, &exit_code, sizeof(exit_code));
        if (exit_code > EXIT_CODE_MAX)
            return invoke_answer(invocation, RC_FORMAT);
        sbi_power_off((uint32_t)exit_code);
    case POWER_RESET_ORDER:
        sbi_reset();
    default:
        return invoke_answer(invocation, RC_BAD_ORDER);
    }
}
