/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sbi.h - what firmware would do: the supervisor binary interface, answered by the machine itself.
 *
 * Source: RISC-V SBI specification 1.0 (base, TIME, IPI, RFENCE, HSM, SRST, legacy) and 2.0 chapter
 * 12 (DBCN). One hart, id 0.
 */
#ifndef LATCHKEY_EMULATOR_SBI_H
#define LATCHKEY_EMULATOR_SBI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sbi_reset { SBI_RESET_SHUTDOWN, SBI_RESET_REBOOT };

/* What the calls do to the machine. */
struct sbi_host {
    void *context;
    void (*timer_set)(void *context, uint64_t ticks); /* and clear a pending timer interrupt */
    void (*soft_set)(void *context, bool level);
    void (*console_put)(void *context, uint8_t byte);
    bool (*console_take)(void *context, uint8_t *byte);
    bool (*memory_read)(void *context, uint64_t addr, void *target, size_t size_bytes);
    bool (*memory_write)(void *context, uint64_t addr, const void *source, size_t size_bytes);
    void (*reset)(void *context, enum sbi_reset reset, bool failure);
};

/* sbi_call - carry out one call; args and result as cpu.h's struct cpu_bus says. */
void sbi_call(const struct sbi_host *host, const uint64_t args[8], uint64_t result[2]);

#endif
