/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sbi.h - the firmware calls that the kernel makes. Source: RISC-V SBI specification 1.0. */
#ifndef LATCHKEY_KERNEL_DRIVER_SBI_H
#define LATCHKEY_KERNEL_DRIVER_SBI_H

#include "kernel/base.h"

/* sbi_put - one character to the firmware's console. May be called at any time. */
void sbi_put(char character);
/* sbi_get - one character that was typed, or -1. */
int sbi_get(void);
/* sbi_timer_set - interrupt when the time counter reaches this value, and forget an earlier
 * request. */
void sbi_timer_set(uint64_t time);
/* sbi_finisher_set - kernel address of the test finisher's register, which alone can hand an exit
 * code to the outside; NULL: there is none. */
void sbi_finisher_set(volatile uint32_t *finisher);
/* sbi_power_off - end the run. sbi_reset - start again from power-on. */
_Noreturn void sbi_power_off(uint32_t exit_code);
_Noreturn void sbi_reset(void);

#endif
