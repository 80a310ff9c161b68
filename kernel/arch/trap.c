/* SPDX-License-Identifier: GPL-2.0-or-later */
/* trap.c - what a trap from user mode means. Called by trap.S with the registers saved; calls invoke for an
 * ecall, segment for page faults, sched for interrupts, keeper for everything a domain did wrong; then sched
 * chooses who runs.
 *
 * Invariants
 *  1. Interrupts are off in the kernel, so a trap comes from user mode or the kernel is broken.
 *  2. Before anything else the domain's floating-point registers are taken from the hart, if it changed them.
 */
#include "kernel/arch/arch.h"
#include "kernel/arch/csr.h"
#include "kernel/gate.h"
#include "kernel/keeper.h"
#include "kernel/print.h"
#include "kernel/sched.h"

/* Called by trap.S. */
struct domain *trap_call(struct domain *domain);
struct domain *trap_other(struct domain *domain);
_Noreturn void trap_in_kernel(uint64_t scause, uint64_t sepc, uint64_t stval);

struct domain *trap_call(struct domain *domain)
{
    kassert(sched_is_current(domain->root));
    sched_float_sync(domain);
    object_begin();
    struct node_frame *root = domain->root;
    domain->locked++;
    invoke(domain);
    domain->locked--;
    if (root->grant)
        gate_grant_return(root);
    return sched_next();
}

/* The access that a page-fault cause stands for. */
static enum access access_of(uint64_t scause)
{
    if (scause == SCAUSE_PAGE_STORE)
        return ACCESS_WRITE;
    return scause == SCAUSE_PAGE_EXECUTE ? ACCESS_EXECUTE : ACCESS_READ;
}

static void page_fault(struct domain *domain, uint64_t scause, uint64_t addr)
{
    struct segment_walk walk;
    if (segment_touch(domain, addr, access_of(scause), NULL, &walk) != TOUCH_FAULT)
        return;
    if (walk.red)
        keeper_call_segment(domain, &walk);
    else
        keeper_call(domain, TRAP_MEMORY + 4u * (uint64_t)walk.fault, addr);
}

static void fault(struct domain *domain, uint64_t scause, uint64_t stval)
{
    struct node_frame *root = domain->root;
    domain->locked++;
    switch (scause) {
    case SCAUSE_PAGE_EXECUTE:
    case SCAUSE_PAGE_LOAD:
    case SCAUSE_PAGE_STORE:
        page_fault(domain, scause, stval);
        break;
    default:
        keeper_call(domain, TRAP_HARDWARE + (scause & 0xff), stval);
        break;
    }
    domain->locked--;
    if (root->grant)
        gate_grant_return(root);
}

struct domain *trap_other(struct domain *domain)
{
    uint64_t scause = csr_read(scause), stval = csr_read(stval);
    kassert(sched_is_current(domain->root));
    object_begin();
    domain->restore = RESTORE_ALL;
    sched_float_sync(domain);
    switch (scause) {
    case SCAUSE_INTERRUPT_TIMER:
        sched_tick();
        break;
    case SCAUSE_INTERRUPT_EXTERNAL:
        sched_external();
        break;
    default:
        if (scause & SCAUSE_INTERRUPT)
            panic("TRAP-001 an interrupt that was never enabled");
        fault(domain, scause, stval);
        break;
    }
    return sched_next();
}

void trap_in_kernel(uint64_t scause, uint64_t sepc, uint64_t stval)
{
    print_line("kernel trap: scause %lx, sepc %lx, stval %lx", scause, sepc, stval);
    panic("TRAP-002 the kernel trapped");
}
