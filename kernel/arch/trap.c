/* SPDX-License-Identifier: GPL-2.0-or-later */
/* trap.c - what a trap from user mode means. Called by trap.S with the registers saved; calls entry
 * for what a domain did, sched for interrupts; then sched chooses who runs.
 *
 * Invariants
 *  1. Interrupts are off in the kernel, so a trap comes from user mode or the kernel is broken.
 */
#include "kernel/arch/csr.h"
#include "kernel/driver/driver.h"
#include "kernel/driver/sbi.h"
#include "kernel/entry.h"
#include "kernel/print.h"
#include "kernel/sched.h"

/* Called by trap.S. */
struct domain *trap_call(struct domain *domain);
struct domain *trap_other(struct domain *domain);
_Noreturn void trap_in_kernel(void);

struct domain *trap_call(struct domain *domain)
{
    sched_enter(domain);
    entry_call(domain);
    return sched_next();
}

struct domain *trap_other(struct domain *domain)
{
    uint64_t scause = csr_read(scause), stval = csr_read(stval);
    sched_enter(domain);
    domain->restore_all = true;
    switch (scause) {
    case SCAUSE_INTERRUPT_TIMER:
        sched_tick();
        break;
    case SCAUSE_INTERRUPT_EXTERNAL:
        sched_devices_poll();
        break;
    case SCAUSE_PAGE_EXECUTE: /* what may be read may be executed (table.h) */
    case SCAUSE_PAGE_LOAD:
        entry_page_fault(domain, stval, ACCESS_READ);
        break;
    case SCAUSE_PAGE_STORE:
        entry_page_fault(domain, stval, ACCESS_WRITE);
        break;
    default:
        if (scause & SCAUSE_INTERRUPT)
            panic("TRAP-001 an interrupt that was never enabled");
        entry_trap(domain, TRAP_HARDWARE + (scause & 0xff), stval);
        break;
    }
    return sched_next();
}

/* Stands in for the registers of a struct domain until the first one runs. Used by start.S. */
extern uint64_t trap_scratch[];
uint64_t trap_scratch[33];

static struct {
    bool in_kernel; /* trapped there before */
} trap;

void trap_in_kernel(void)
{
    uint64_t scause = csr_read(scause), sepc = csr_read(sepc);
    if (trap.in_kernel)
        sbi_power_off(PANIC_EXIT_CODE);
    trap.in_kernel = true;
    driver_trace(TRACE_PANIC, sepc);
    if (scause == SCAUSE_BREAKPOINT)
        print_line("panic: at 0x%lx: kernel.elf tells what that is", sepc);
    else
        print_line("panic: TRAP-002 scause 0x%lx, sepc 0x%lx, stval 0x%lx", scause, sepc,
                   csr_read(stval));
    panic_end();
}
