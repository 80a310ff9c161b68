/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ledger.h - where the instructions and cycles of a machine go: read this first.
 *
 * Every stay in the kernel, from the trap to the first instruction of user mode after it, is an
 * interval: a path (ledger_path.h) and a result. What is between them is time of a domain. The
 * ledger sees both from outside (cpu_profile.h, ledger_guest.h); the guest, its counts and its
 * digests are those of a run without it.
 *
 * Who calls: frontend/profile.c and ledger_panel.c, gdb_monitor.c by gdb_machine.c, the export_*.c
 * files, which write what is in it; tests. Whom it calls: cpu_profile.h; a listener
 * (export_events.h), who writes traces.
 *
 * Invariants
 *  1. Sums agree: the instructions, and the cycles, of all domains, in user mode and in the kernel,
 *     of all meters, of all rows and user stays, and of all nodes of the tree and user stays, are
 *     each what the machine retired while it was watched, idle cycles apart.
 *  2. An interval belongs to the domain that brought the kernel in; after the hart has waited, and
 *     from power-on, to nobody (domain 0).
 */
#ifndef LATCHKEY_EMULATOR_LEDGER_H
#define LATCHKEY_EMULATOR_LEDGER_H

#include "emulator/cpu_profile.h"
#include "emulator/domain_names.h"
#include "emulator/ledger_count.h"
#include "emulator/ledger_guest.h"
#include "emulator/ledger_path.h"
#include "emulator/ledger_tree.h"
#include "emulator/machine.h"

/* What came of one path so and so often. A row without occurrences was put to another one. */
struct ledger_row {
    uint32_t path; /* index into paths */
    uint32_t next; /* row of the same path: 1 + index; 0: none */
    struct ledger_result result;
    struct occurrences instructions, cycles;
};

struct ledger_entry_path {
    struct ledger_path path;
    uint32_t node;      /* of the tree: where its functions hang */
    uint32_t row;    /* its newest: 1 + index into rows; 0: none yet */
    uint32_t orders; /* of one with LEDGER_MANY: paths that differ from it in their order only */
    uint32_t put_to; /* these are too many: 1 + index of that one, and nothing is here; 0 */
};

struct ledger_share {
    uint64_t instructions, cycles;
};

/* What a domain, or a meter, has used. */
struct ledger_account {
    uint64_t id;    /* object id of its root, or of the meter; 0: nobody */
    uint64_t meter; /* of a domain: its newest */
    struct ledger_share user, kernel; /* kernel: in intervals that it brought about */
    uint64_t entries;  /* of those: how many */
    uint64_t calls, returns, forks, faults, interrupts; /* of those, by kind */
    uint64_t received; /* messages that it got by gates */
};

struct ledger_accounts {
    struct ledger_account *accounts;
    size_t count, capacity;
    uint32_t *places; /* hash: 1 + index; a power of 2 of them, at most half in use */
    size_t place_count;
};

/* One interval, as it ends. */
struct ledger_interval {
    const struct ledger_path *path;
    const struct ledger_result *result;
    struct ledger_who before, after; /* after: nobody if the hart waits */
    uint64_t satp_before, satp_after;
    struct cpu_place from, to;
};

/* Who is told of what the ledger sees, in its order. Members may be NULL. */
struct ledger_listener {
    void *context;
    void (*interval)(void *context, const struct ledger_interval *interval);
    void (*stay)(void *context, struct ledger_who who, const struct cpu_place *from,
                 const struct cpu_place *to);
    void (*waited)(void *context, uint64_t from_cycle, uint64_t to_cycle);
};

struct ledger;

/* ledger_open - watch a machine from now on.
 *
 * kernel_path  its kernel, for the names of functions.
 * listener     NULL: none; copied.
 * Errors       as cpu_watch(). That the kernel cannot be read, or is none of ours, is no error.
 * The machine must outlive the ledger; one ledger a machine.
 */
MUST_CHECK bool ledger_open(struct ledger **ledger, struct machine *machine,
                            const char *kernel_path, const struct ledger_listener *listener,
                            struct error *error);
/* ledger_settle - between runs: account for everything up to now, also for what is under way. */
void ledger_settle(struct ledger *ledger);
void ledger_close(struct ledger *ledger); /* nobody watches any more; NULL is fine */

/* What it holds; between runs. Sums agree after ledger_settle(); before, what is under way is not
 * in it. */
struct ledger_view {
    const struct ledger_entry_path *paths;
    size_t path_count;
    const struct ledger_row *rows;
    size_t row_count;
    const struct ledger_accounts *domains, *meters;
    const struct ledger_tree *tree;
    const struct ledger_functions *functions;
    const struct names *names;       /* of domains; none, if they are none */
    struct ledger_share total, user; /* all that was watched, but for */
    uint64_t idle_cycles;            /* this */
    bool ours;                       /* domains are domains; else address spaces */
};
struct ledger_view ledger_view(const struct ledger *ledger);

/* ledger_rows_sorted - the rows that something is in, by the instructions that they took in all,
 * most first: their indexes, which the caller frees. Returns how many. */
size_t ledger_rows_sorted(const struct ledger_view *view, uint32_t **indexes);
/* ledger_accounts_sorted - the same for all accounts. */
uint32_t *ledger_accounts_sorted(const struct ledger_accounts *accounts);
/* ledger_accounts_init - none yet; until ledger_accounts_finish(). */
void ledger_accounts_init(struct ledger_accounts *accounts);
void ledger_accounts_finish(struct ledger_accounts *accounts);
/* ledger_account_place - the account of an id, opened if need be; valid until the next one is asked
 * for. Ids that are too many share the first account. */
struct ledger_account *ledger_account_place(struct ledger_accounts *accounts, uint64_t id);
/* ledger_ranked - the indexes of weights, the greatest first, of equal ones the lower index first;
 * the caller frees them. */
uint32_t *ledger_ranked(const uint64_t *weights, size_t count);

/* ledger_percent - of a whole; 0 of nothing. */
double ledger_percent(uint64_t part, uint64_t whole);

#endif
