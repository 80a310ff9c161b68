/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_case.h - the places where the power can fail in a logged run, and for each what may be
 * left on the media.
 *
 * An event is a change of what a cut would leave: writes entered a cache, or left it for the media.
 * Between two events every instruction leaves the same, so a case, which is an event and an
 * outcome, stands for all of them. The last instruction before the next event has seen the most
 * promises; the case is held to those.
 *
 * Called by campaign.c, which lists them, and by all who have one's name; a case's content is
 * campaign_view.c's.
 *
 * Invariants
 *  1. The list of cases is a function of the log and the request: its numbering is stable.
 *  2. A case's name says all of it: campaign_case_parse() gives the same case back.
 */
#ifndef LATCHKEY_EMULATOR_CAMPAIGN_CASE_H
#define LATCHKEY_EMULATOR_CAMPAIGN_CASE_H

#include "devices/board.h"
#include "emulator/campaign_log.h"

enum campaign_policy {
    CAMPAIGN_KEEP,      /* all that was taken reached the media */
    CAMPAIGN_DROP,      /* nothing since it last settled did */
    CAMPAIGN_PREFIX,    /* the first so many sectors, in order, of each disk */
    CAMPAIGN_SUBSET,    /* any */
    CAMPAIGN_TORN,      /* a prefix, and the first bytes of the sector after it */
    CAMPAIGN_GARBAGE,   /* a prefix, and the sector after it is garbage, or cannot be read */
    CAMPAIGN_MISREPORT, /* flushes and durable writes did nothing since the run began */
    CAMPAIGN_POLICY_COUNT
};

/* How a SUBSET or MISREPORT chooses. */
enum campaign_choice {
    CHOICE_MASK,          /* argument: bit n keeps the n-th cached sector, oldest first */
    CHOICE_REQUESTS,      /* argument: bit n keeps the n-th cached request */
    CHOICE_LOSE,          /* all but the request whose first order is the argument */
    CHOICE_ONLY,          /* only that request */
    CHOICE_DRAW,          /* argument: seed; each sector by itself */
    CHOICE_DRAW_REQUESTS, /* argument: seed; each request by itself */
    CHOICE_HALVES,        /* argument: bit n keeps the first half of the n-th cached request */
    CHOICE_COUNT
};

struct campaign_layout;
struct campaign_reads;

struct campaign_case {
    uint32_t event;
    uint8_t policy, choice;
    uint8_t disk;     /* PREFIX, TORN, GARBAGE: the one; the others keep ... */
    bool others;      /* ... all or nothing */
    bool apart;       /* PREFIX: each disk has a prefix of its own: orders */
    uint32_t bytes;   /* TORN: of the sector after the prefix; GARBAGE: 0 unreadable, 1 garbage */
    uint64_t argument; /* PREFIX, TORN, GARBAGE: first order that is lost; else of the choice */
    uint64_t orders[BOARD_DISK_COUNT_MAX]; /* PREFIX, apart: the first that is lost of each disk */
    /* Besides, when the power comes back (campaign_fault.h). */
    uint8_t fault;           /* 1 + enum disk_fault_kind; 0: none */
    uint8_t fault_disk;
    uint64_t fault_sector;   /* LOST, MISDIRECTED: the first of a block; not of a dead disk */
    uint64_t fault_argument; /* FLIP: the bit; MISDIRECTED: the first sector that was written */
};

struct campaign_event {
    uint64_t records;      /* of the log that have happened */
    uint64_t instructions; /* when */
    uint64_t promised;     /* newest generation that is announced before the next event; 0: none */
    uint64_t state;        /* record of the state that was promised by then; no older one will do */
    uint64_t steps;        /* that the workload has promised by then */
    uint8_t kind, disk, phase;
};

struct campaign_events {
    struct campaign_event *list; /* the first is before anything happened */
    size_t count, capacity;
};

#define CAMPAIGN_DRAWS_MAX 4096u
#define CAMPAIGN_APART_MAX 1024u /* combinations of the prefixes of several disks */

/* Which cases are wanted. */
struct campaign_request {
    uint32_t policies; /* bit n: enum campaign_policy n */
    uint32_t phases;   /* bit n: enum trace_phase n, bit 0: outside of all; 0: every event */
    unsigned draws;    /* SUBSET: seeded draws an event, where not all subsets are taken; PREFIX: of
                        * several disks, where there are more than CAMPAIGN_APART_MAX */
    unsigned subsets;  /* SUBSET: of so many cached sectors, or else writes, all are taken */
    unsigned disks;    /* of the machine */
    const struct campaign_reads *reads; /* SUBSET: where there are more, what matters of them */
    uint64_t sample;   /* so many, of each event and policy the same share; 0: all of them */
    uint64_t seed;
    uint32_t faults;   /* bit n: enum disk_fault_kind n, besides a cut that keeps or drops all */
    const struct campaign_layout *layout; /* where; NULL: nowhere */
};

struct campaign_cases {
    struct campaign_case *list;
    size_t count, capacity;
};

/* campaign_events_find - the events of a log. campaign_events_finish frees them. */
void campaign_events_find(const struct campaign_log *log, struct campaign_events *events);
void campaign_events_finish(struct campaign_events *events);

/* campaign_cases_list - all cases of a request, by event. campaign_cases_finish frees them. */
void campaign_cases_list(const struct campaign_log *log, const struct campaign_events *events,
                         const struct campaign_request *request, struct campaign_cases *cases);
void campaign_cases_finish(struct campaign_cases *cases);

#define CAMPAIGN_NAME_BYTES 160u
/* campaign_case_name - "event=12,policy=keep", ... campaign_case_parse - the reverse.
 *
 * Errors   ERROR_USAGE it is not the name of a case.
 */
void campaign_case_name(const struct campaign_case *which, char name[CAMPAIGN_NAME_BYTES]);
MUST_CHECK bool campaign_case_parse(const char *name, struct campaign_case *which,
                                    struct error *error);
/* campaign_policy_name - "keep", ...; NULL past the end. */
const char *campaign_policy_name(enum campaign_policy policy);

/* campaign_mix - a number that stands for two. */
uint64_t campaign_mix(uint64_t left, uint64_t right);

#endif
