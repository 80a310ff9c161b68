/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sbi.c - calls into the firmware: OpenSBI on QEMU, the emulator itself on our machine. Called by
 * print, the timer and the power key.
 *
 * The console calls are the legacy ones (extension ids 1 and 2): every firmware has them, also
 * before it could be asked what it has. Power-off goes to the test finisher when the device tree
 * names one, because SBI's system reset has no room for an exit code.
 */
#include "kernel/driver/sbi.h"

#include "devices/board.h"

#define SBI_EXTENSION_TIMER 0x54494d45l /* "TIME" */
#define SBI_EXTENSION_RESET 0x53525354l /* "SRST" */
#define SBI_LEGACY_PUT 1l
#define SBI_LEGACY_GET 2l
#define SBI_RESET_SHUTDOWN 0ul
#define SBI_RESET_COLD 1ul
#define SBI_REASON_NONE 0ul
#define SBI_REASON_FAILURE 1ul

static struct {
    volatile uint32_t *finisher;
} sbi;

static long sbi_call(long extension, long function, unsigned long first, unsigned long second)
{
    register unsigned long a0 __asm__("a0") = first;
    register unsigned long a1 __asm__("a1") = second;
    register long a6 __asm__("a6") = function;
    register long a7 __asm__("a7") = extension;
    __asm__ volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a6), "r"(a7) : "memory");
    return (long)a0;
}

void sbi_put(char character)
{
    if (character == '\n')
        (void)sbi_call(SBI_LEGACY_PUT, 0, '\r', 0);
    (void)sbi_call(SBI_LEGACY_PUT, 0, (uint8_t)character, 0);
}

int sbi_get(void)
{
    return (int)sbi_call(SBI_LEGACY_GET, 0, 0, 0);
}

void sbi_timer_set(uint64_t time)
{
    (void)sbi_call(SBI_EXTENSION_TIMER, 0, time, 0);
}

void sbi_finisher_set(volatile uint32_t *finisher)
{
    sbi.finisher = finisher;
}

/* The request is taken at once; should the firmware refuse it, there is nothing left to do. */
static _Noreturn void stop_here(void)
{
    for (;;)
        __asm__ volatile("wfi");
}

void sbi_power_off(uint32_t exit_code)
{
    if (sbi.finisher)
        *sbi.finisher = exit_code ? exit_code << 16 | FINISHER_FAIL : FINISHER_PASS;
    (void)sbi_call(SBI_EXTENSION_RESET, 0, SBI_RESET_SHUTDOWN,
                   exit_code ? SBI_REASON_FAILURE : SBI_REASON_NONE);
    stop_here();
}

void sbi_reset(void)
{
    (void)sbi_call(SBI_EXTENSION_RESET, 0, SBI_RESET_COLD, SBI_REASON_NONE);
    stop_here();
}
