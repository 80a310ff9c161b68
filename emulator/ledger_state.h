/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ledger_state.h - struct ledger itself. Private to ledger.c (what happens) and ledger_book.c (what
 * is written down). */
#ifndef LATCHKEY_EMULATOR_LEDGER_STATE_H
#define LATCHKEY_EMULATOR_LEDGER_STATE_H

#include "emulator/ledger.h"

/* The interval, or the stay in user mode, that is under way. */
struct ledger_now {
    bool watched;    /* else there is none */
    bool supervisor;
    struct cpu_place from; /* where it began */
    struct cpu_place at;   /* what came before is in the tree (supervisor) */
    struct ledger_who who; /* in user mode, or who brought the kernel in */
    uint64_t satp, pc;     /* of user mode, when it trapped */
    uint64_t target;       /* domain of the key invoked; 0: no gate */
    uint32_t path, node;
};

struct ledger {
    struct cpu_watcher watcher;
    struct cpu *cpu;
    struct ledger_listener listener;
    struct ledger_guest guest;
    struct ledger_functions functions;
    struct names names;
    struct ledger_now now;

    struct ledger_entry_path *paths;
    size_t path_count, path_capacity;
    uint32_t *places; /* hash of paths: 1 + index; a power of 2 of them, at most half in use */
    size_t place_count;
    struct ledger_row *rows;
    size_t row_count, row_capacity;
    struct ledger_tree tree;
    struct ledger_accounts domains, meters;
    struct ledger_share total, user;
    uint64_t idle_cycles;
};

/* ledger_path_place - index of a path in the book. */
uint32_t ledger_path_place(struct ledger *ledger, const struct ledger_path *path);
/* ledger_row_place - the row of a path and a result. */
struct ledger_row *ledger_row_place(struct ledger *ledger, uint32_t path,
                                    const struct ledger_result *result);
void ledger_book_init(struct ledger *ledger);
void ledger_book_finish(struct ledger *ledger);

#endif
