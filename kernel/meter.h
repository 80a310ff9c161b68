/* SPDX-License-Identifier: GPL-2.0-or-later */
/* meter.h - processor time: a tree of meters below the prime meter, charged in cycles of the
 * machine.
 *
 * A meter is a node (abi.h, enum meter_slot); the tree's root is the node OBJECT_ID_PRIME_METER.
 * Meters that are in use are decoded here, and what is decoded has the truth about the counters
 * until it is written back. At any time the hart's cycles go to one meter, the active one, and to
 * all above it; so a domain that hands the hart to another one of the same meter costs no
 * accounting at all.
 *
 * Where KeyKOS lends each domain a cache of up to 5 s, here no time is lent: one addition a meter
 * of the chain at each change of the active meter keeps every counter exact, and two meters below
 * the same one can never be lent the same cycles.
 *
 * Invariants
 *  1. Every cycle between meter_start() and idling is charged exactly once to the prime meter, and
 *     to one chain of meters below it: of the domain that ran, or for which the kernel worked. Only
 *     what is spent on a domain whose meters are not known yet (they are on the disk, or they are
 *     no meters) goes to the prime meter alone.
 *  2. domain->gate_limit is 0 or says what its meter is.
 *  3. A decoded meter's superior is decoded, up to the prime meter; at most METER_DEPTH_MAX of
 *     them.
 */
#ifndef LATCHKEY_KERNEL_METER_H
#define LATCHKEY_KERNEL_METER_H

#include "kernel/domain.h"

struct meter {
    struct node_frame *node; /* NULL: this entry is free */
    struct meter *superior;  /* NULL: this is the prime meter */
    uint64_t left;           /* the truth of slot COUNTER */
    uint64_t used;           /* and of slot USED */
    uint16_t inferiors;      /* decoded meters right below this one */
    bool unused;             /* since the clock hand came by */
    bool locked;             /* being linked: not to be taken */
};

/* All state of meter.c; others only read what is active. */
struct meters {
    unsigned hand;
    struct meter *active;  /* NULL: nobody's yet */
    uint64_t since_cycles; /* everything before is charged */
    uint64_t owed_cycles;  /* by the prime meter, which was not in memory */
    unsigned count; /* entries from here on stay free */
};
extern struct meters meters;

/* What came of making a domain's meter the active one. */
enum metered {
    METERED_GOOD,  /* it is */
    METERED_STALL, /* as FETCH_STALL */
    METERED_DRY,   /* it is, but the meter named has no cycles left */
    METERED_BAD,   /* there is no such meter: trap code given */
};
struct meter_answer {
    uint64_t left;        /* GOOD: cycles until the first meter of the chain runs dry */
    struct meter *dry;    /* DRY: the nearest one */
    uint64_t trap_code;   /* BAD */
};

/* meter_init - at most count meters are decoded, LIMIT_METERS_MIN to LIMIT_METERS. */
void meter_init(unsigned count);
/* meter_start - cycles from now on count; those since the last charge belong to nobody. */
void meter_start(void);
/* meter_leave - charge what has run, and let no meter be active: someone else is looked for. */
void meter_leave(void);
/* meter_is_active - the domain's meter is known and the active one. */
static inline bool meter_is_active(const struct domain *domain)
{
    return domain->meter && domain->meter == meters.active;
}
/* meter_enter - make the meter of a domain the active one, charging what has run. */
enum metered meter_enter(struct domain *domain, struct meter_answer *answer);
/* meter_open - the domain's meter is known: say it, and its priority, to the short path
 * (arch/gate.S). */
void meter_open(struct domain *domain);
/* meter_hand_over - the domain in user mode means to hand the hart to this one, which its
 * gate_limit does not allow yet. true: what has run is charged, and the other one's meter is the
 * active one now. false: it goes by the general path. */
bool meter_hand_over(struct domain *target);
/* meter_charge - charge what has run until now. */
void meter_charge(void);
/* meter_plain - before a node is used as a plain node, or goes: its counters, and those of all
 * below it, are written back and looked up again when next needed. */
void meter_plain(struct node_frame *node);
/* meter_return_all - the same for every meter: the nodes have the truth. For amnesia. */
void meter_return_all(void);
/* meter_freeze - charge what has run, and let no meter be active; the counters of all are written
 * to their nodes, and stay decoded. */
void meter_freeze(void);
/* meter_of - the decoded meter that a node says that it is. */
struct meter *meter_of(const struct node_frame *node);
/* meter_check - check.h. */
bool meter_check(uint32_t index);

#endif
