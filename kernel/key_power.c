/* SPDX-License-Identifier: GPL-2.0-or-later */
/* key_power.c - ending the run. Called by invoke.c; calls sbi. */
#include "kernel/driver/sbi.h"
#include "kernel/keys.h"

enum invoked power_invoke(struct invocation *invocation)
{
    uint64_t exit_code;
    switch (invocation->message.code) {
    case ORDER_TYPE:
        return invoke_answer(invocation, AKT_POWER);
    case POWER_OFF_ORDER:
        (void)invoke_string(invocation, &exit_code, sizeof(exit_code));
        sbi_power_off((uint32_t)(exit_code & 0xffff));
    case POWER_RESET_ORDER:
        sbi_reset();
    default:
        return invoke_answer(invocation, RC_BAD_ORDER);
    }
}
