/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sched.h - who runs: ready queues, stalling and waking, time slices.
 *
 * Invariants
 *  1. Every domain in state RUNNING is current or in exactly one queue.
 *  2. A domain that stalls has changed nothing: its pc is at the instruction to run again.
 */
#ifndef LATCHKEY_KERNEL_SCHED_H
#define LATCHKEY_KERNEL_SCHED_H

#include "kernel/domain.h"

struct sched {
    /* First, for arch/gate.S. The active meter's address << GATE_LIMIT_BITS; below, bit p: someone
     * of priority p is ready. GATE_SHUT: the domain in user mode goes by the general paths only. */
    uint64_t gate_floor;
    struct queue ready[LIMIT_PRIORITIES];
    uint32_t ready_set;          /* bit p: ready[p] may hold someone; never 0 when it does */
    struct queue io_waiters;     /* for a disk request that is free */
    struct queue memory_waiters; /* for a frame */
    struct queue timer_waiters;
    struct node_frame *current; /* root of the domain on whose behalf the kernel works; or NULL */
    struct domain *float_owner; /* whose f registers the hart holds; NULL: nobody's */
    bool float_zero;            /* the hart's f registers are all zero */
    bool preempt;               /* the current domain does not go on at this kernel exit */
    uint64_t alarm;             /* earliest time in timer_waiters; UINT64_MAX: none */
    uint64_t timer;             /* when the next timer interrupt comes */
    uint64_t slice_end;         /* of the present slice */
    uint32_t exits;             /* since the last check_all() */
    uint32_t check_interval;    /* exits between two of them; 0: none */
    bool amnesia;
    bool general; /* no message takes the short path */
    bool special; /* something is to be done at the next exit: exit_special() */
    /* User mode faulted for a table entry that was just made: amnesia must spare the tables at this
     * exit, or an instruction that needs two pages would never get both. */
    bool tables_needed;
};
#define GATE_SHUT (1ull << 15) /* no meter, and more than any priority */
extern struct sched sched;
/* sched_gate_meter - another meter became the active one while a domain is in user mode. */
void sched_gate_meter(const struct meter *meter);
/* sched_enter - this domain was running in user mode: it is the current one, whoever handed the
 * hart to whom by the short path (arch/gate.S) since sched_next(). Called at every other kernel
 * entry. */
void sched_enter(struct domain *domain);
/* sched_stall - queue the current domain (if any). Returns FETCH_STALL, so that it reads well. */
enum fetch sched_stall(struct queue *queue);
/* sched_ready - a RUNNING domain that is in no queue joins its ready queue. */
void sched_ready(struct node_frame *root);
/* sched_wake_all - everyone in the queue becomes ready, in order. */
void sched_wake_all(struct queue *queue);
/* sched_retry - a domain that may have stalled in vain by now tries again; not one that is in no
 * queue. */
void sched_retry(struct node_frame *root);
/* sched_switch - the current domain gives way to this one (a message was handed over), or to
 * nobody. */
void sched_switch(struct node_frame *root);
/* sched_next - the domain to run in user mode now, with satp and registers in place; waits if none
 * is ready. Called at every kernel exit; never returns NULL. */
struct domain *sched_next(void);
/* sched_tick - the timer interrupt. */
void sched_tick(void);
/* sched_stall_until - queue the current domain until this time (timebase ticks) has come. */
enum fetch sched_stall_until(uint64_t time);
/* sched_forget - a domain leaves the cache. */
void sched_forget(const struct domain *domain);
/* sched_devices_poll - take the external interrupt if it is pending, and what disks have done. */
void sched_devices_poll(void);
/* sched_float_sync - the domain's f registers are about to be read: take them from the hart. */
void sched_float_sync(struct domain *domain);
/* sched_float_settle - no f registers are the hart's alone. */
void sched_float_settle(void);
/* sched_knobs - debug knobs from the device tree. check_interval: kernel exits from one check_all()
 * to the next; 0: none. */
void sched_knobs(bool amnesia, uint32_t check_interval, bool general);
void sched_check(void);

#endif
