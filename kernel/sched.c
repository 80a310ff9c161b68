/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sched.c - ready queues, time slices, and the way back to user mode.
 *
 * Called at every kernel exit (sched_next), by whoever makes a domain wait or run, and by the
 * timer. Calls domain_load, keeper, the drivers' poll functions, meter. Invariants: sched.h.
 *
 * A slice ends by the timer only; a message takes the rest of the sender's slice with it, so no
 * timer is touched on the message path.
 */
#include "kernel/sched.h"

#include "kernel/arch/arch.h"
#include "kernel/arch/offsets.h"
#include "kernel/check.h"
#include "kernel/checkpoint.h"
#include "kernel/counter.h"
#include "kernel/driver/driver.h"
#include "kernel/gate.h"
#include "kernel/io.h"
#include "kernel/journal.h"
#include "kernel/keeper.h"
#include "kernel/meter.h"
#include "kernel/print.h"
#include "kernel/resync.h"
#include "kernel/space.h"

struct sched sched = {.gate_floor = GATE_SHUT, .alarm = UINT64_MAX, .timer = UINT64_MAX};

void sched_knobs(bool amnesia, uint32_t check_interval, bool general)
{
    sched.amnesia = amnesia;
    sched.check_interval = check_interval;
    sched.general = general;
    sched.special = amnesia || check_interval;
}

void sched_enter(struct domain *domain)
{
    sched.current = domain->root;
    domain->state = DOMAIN_RUNNING;
    meters.active = domain->meter; /* also if it meant to hand over to another one, and did not */
    if (sched.float_zero)
        sched.float_owner = domain;
}

void sched_gate_meter(const struct meter *meter)
{
    sched.gate_floor = (uint64_t)(uintptr_t)meter << GATE_LIMIT_BITS | sched.ready_set;
}

/* May the domain that now goes to user mode hand over by the short path (arch/gate.S), and to
 * whom? */
static void floor_set(const struct domain *domain)
{
    bool special = sched.amnesia || sched.general || !sched.float_zero ||
                   domain->keys_walked || domain->called || domain->root->grant;
    sched_gate_meter(domain->meter);
    if (special)
        sched.gate_floor = GATE_SHUT;
}

enum fetch sched_stall(struct queue *queue)
{
    if (sched.current) {
        count_one(STALL);
        queue_append(queue, sched.current);
        sched.current = NULL;
    }
    return FETCH_STALL;
}

static void timer_set(uint64_t time)
{
    sched.timer = time;
    driver_timer_set(time);
}

enum fetch sched_stall_until(uint64_t time)
{
    if (time < sched.alarm)
        sched.alarm = time;
    if (time < sched.timer)
        timer_set(time);
    return sched_stall(&sched.timer_waiters);
}

void sched_ready(struct node_frame *root)
{
    unsigned priority = domain_priority(root);
    root->device_wait = false;
    queue_append(&sched.ready[priority], root);
    sched.ready_set |= 1u << priority;
    if (sched.current && priority > domain_priority(sched.current))
        sched.preempt = true;
}

void sched_wake_all(struct queue *queue)
{
    struct node_frame *root;
    while ((root = queue_pop(queue)) != NULL)
        sched_ready(root);
}

void sched_switch(struct node_frame *root)
{
    sched.current = root;
    if (root && sched.ready_set >> domain_priority(root) > 1)
        sched.preempt = true;
}

void sched_forget(const struct domain *domain)
{
    if (sched.float_owner == domain)
        sched.float_owner = NULL;
}

static void timer_arm(bool idle)
{
    sched.slice_end = idle ? UINT64_MAX : arch_time() + LIMIT_SLICE_TICKS;
    timer_set(least(least(sched.alarm, checkpoint_alarm()), sched.slice_end));
}

void sched_retry(struct node_frame *root)
{
    if (!root->link.queue)
        return;
    queue_remove(root);
    sched_ready(root);
}

/* The current domain waits for its next turn. */
static void current_queue(void)
{
    if (sched.current)
        sched_ready(sched.current);
    sched.current = NULL;
}

COLD void sched_tick(void)
{
    if (arch_time() >= sched.alarm) {
        sched.alarm = UINT64_MAX;
        sched_wake_all(&sched.timer_waiters);
    }
    sched_wake_all(&sched.memory_waiters);
    sched.special |= checkpoint_step_due();
    current_queue();
    timer_arm(false);
}

static struct node_frame *ready_pop(void)
{
    for (unsigned priority = LIMIT_PRIORITIES; priority-- > 0;) {
        struct node_frame *root = queue_pop(&sched.ready[priority]);
        if (!sched.ready[priority].first)
            sched.ready_set &= ~(1u << priority);
        if (root)
            return root;
    }
    return NULL;
}

void sched_devices_poll(void)
{
    if (arch_external_pending())
        driver_interrupt();
    if (io_poll() > 0) {
        resync_step();
        journal_step();
        sched_wake_all(&sched.io_waiters);
        sched.special |= checkpoint_step_due();
    }
}

/* Nobody is ready: wait for an interrupt and take it here. */
COLD static void idle(void)
{
    /* Perhaps for who is waiting now: no event will come. */
    bool busy = checkpoint_can_go_on();
    if (busy)
        checkpoint_step();
    timer_arm(true);
    if (!busy && !arch_timer_pending() && !arch_external_pending() && !io_due())
        arch_wait();
    sched_devices_poll();
    sched_tick();
    if (checkpoint_step_due())
        checkpoint_step();
    meter_start();
}

/* The most urgent domain that is ready has its turn. It is given half a slice at least, for a slice
 * goes on when the one before it waits or ends. */
static void next_choose(void)
{
    meter_leave();
    while (checkpoint_full() || (sched.current = ready_pop()) == NULL)
        idle();
    if (arch_time() + LIMIT_SLICE_TICKS / 2 > sched.slice_end)
        timer_arm(false);
}

void sched_float_sync(struct domain *domain)
{
    if (sched.float_owner != domain || !arch_float_dirty())
        return;
    arch_float_save(domain);
    arch_float_clean();
    domain->float_used = true;
    domain->unchanged = false;
    sched.float_zero = false;
}

void sched_float_settle(void)
{
    if (sched.float_owner)
        sched_float_sync(sched.float_owner);
}

/* The hart's floating-point registers become this domain's. User code that never touches them costs
 * nothing here. */
static void float_prepare(struct domain *domain)
{
    if (sched.float_owner == domain)
        return;
    sched_float_settle();
    if (domain->float_used) {
        arch_float_load(domain);
        sched.float_zero = false;
    } else if (!sched.float_zero) {
        arch_float_load(&domain_nobody);
        sched.float_zero = true;
    }
    arch_float_clean();
    sched.float_owner = domain;
}

/* Everything that is only derived: what is left are nodes and pages. */
COLD static void forget_everything(void)
{
    meter_leave();
    domain_unload_all();
    meter_return_all();
    if (!sched.tables_needed)
        space_drop_all();
    sched.tables_needed = false;
    object_forget_hints();
    meter_charge(); /* the prime meter pays */
}

COLD static void exit_special(void)
{
    sched.special = sched.amnesia || sched.check_interval;
    if (checkpoint_step_due()) {
        current_queue();
        checkpoint_step();
        if (checkpoint_alarm() < sched.timer)
            timer_set(checkpoint_alarm());
    }
    if (sched.amnesia)
        forget_everything();
    if (sched.check_interval && ++sched.exits >= sched.check_interval) {
        sched.exits = 0;
        meter_charge();
        check_all();
        meter_start(); /* nobody pays for the check */
    }
}

/* Its time is up when the first of its meters is dry: look again then. */
static void timer_for_meter(uint64_t left_cycles)
{
    if (left_cycles >= (uint64_t)LIMIT_SLICE_TICKS * LIMIT_CYCLES_PER_TICK)
        return;
    uint64_t time = arch_time() + left_cycles / LIMIT_CYCLES_PER_TICK + 1;
    if (time < sched.timer)
        timer_set(time);
}

/* Let the current domain pay from now on, and carry out what keeps it from running: a trap that
 * waits, or its meters. false: it is not to run now. */
static bool current_pays(struct domain *domain)
{
    struct meter_answer answer;
    enum metered metered = METERED_GOOD;
    if (!meter_is_active(domain))
        metered = meter_enter(domain, &answer);
    if (metered == METERED_STALL)
        return false;
    if (domain->trapped) {
        keeper_call(domain, domain->trap_code, domain->trap_value);
        return false;
    }
    if (metered == METERED_BAD) {
        keeper_call(domain, answer.trap_code, 0);
        return false;
    }
    if (metered == METERED_DRY) {
        keeper_call_meter(domain, answer.dry);
        meter_leave(); /* its keeper may have the same meter, and must not run by it either */
        return false;
    }
    timer_for_meter(answer.left);
    return true;
}

/* Make the current domain ready for user mode. NULL: it is not to run after all. */
static struct domain *current_prepare(void)
{
    struct domain *domain;
    enum fetch fetch = domain_load(sched.current, &domain);
    if (fetch == FETCH_STALL)
        return NULL;
    if (fetch == FETCH_VOID) {
        print_line("domain %lu: its nodes do not make a domain; stopped",
                   sched.current->object_id);
        node_dirty(sched.current);
        sched.current = NULL;
        return NULL;
    }
    if (domain->state != DOMAIN_RUNNING) {
        sched.current = NULL;
        return NULL;
    }
    if (meter_is_active(domain) && !domain->trapped)
        return domain;
    struct node_frame *root = domain->root;
    domain->locked++;
    bool pays = current_pays(domain);
    domain->locked--;
    if (!pays && root->grant)
        gate_grant_return(root);
    return pays ? domain : NULL;
}

struct domain *sched_next(void)
{
    if (sched.preempt)
        current_queue();
    sched.preempt = false;
    if (sched.special)
        exit_special();
    for (;;) {
        if (!sched.current)
            next_choose();
        object_begin();
        struct domain *domain = current_prepare();
        if (!domain)
            continue;
        (void)domain_space(domain);
        float_prepare(domain);
        table_fence();
        domain->unchanged = domain->unused = false;
        if (!domain->gate_limit)
            meter_open(domain);
        floor_set(domain);
        return domain;
    }
}

COLD void sched_check(void)
{
    for (unsigned priority = 0; priority < LIMIT_PRIORITIES; priority++) {
        if (sched.ready[priority].first && !(sched.ready_set >> priority & 1))
            panic("SCHE-004 a ready domain is not seen");
        const struct node_frame *previous = NULL;
        uint32_t length = 0;
        for (const struct node_frame *root = sched.ready[priority].first; root;
             root = root->link.next) {
            if (root->link.queue != &sched.ready[priority])
                panic("SCHE-001 a queued domain does not know its queue");
            if (root->link.previous != previous)
                panic("SCHE-002 a queue is broken");
            if (++length > objects.node_count)
                panic("SCHE-003 a queue has a loop");
            previous = root;
        }
    }
}
