/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gdb_machine_state.h - struct gdb_machine itself. Private to gdb_machine.c, gdb_move.c,
 * gdb_domains.c and gdb_monitor.c. */
#ifndef LATCHKEY_EMULATOR_GDB_MACHINE_STATE_H
#define LATCHKEY_EMULATOR_GDB_MACHINE_STATE_H

#include "emulator/domain_names.h"
#include "emulator/gdb_machine.h"
#include "emulator/ledger.h"

#define NUMBER_PC 32u /* gdb's; below it are the x registers */

/* struct domain, kernel/domain.h: what arch/offsets.h does not name; a test compares. */
#define GDB_DOMAIN_BYTES 688u
#define GDB_DOMAIN_TRAPPED (DOMAIN_STATUS + 2)

struct machine_point {
    struct gdb_point point;
    uint64_t physical; /* of what is watched */
};

/* A place in a history, all of which are in this order. Several may have one number of
 * instructions. */
struct gdb_place {
    uint64_t instructions, events;
    size_t acted; /* entries of the record up to the last one that did something */
};

/* Going back: from is where the stretch begins that is being gone through. */
struct gdb_search {
    struct gdb_place start;  /* where it began */
    struct gdb_place before; /* the stretch ends before this place; or, if reached, there */
    struct gdb_place from_place;
    bool reached, scanning;
    uint64_t from, length; /* instructions */
    unsigned hits;
    bool found, any;       /* a hit in this stretch; in this one, or before the gap */
    struct gdb_place best; /* the last that was hit, and what */
    bool behind;           /* behind the instruction there is where to stop */
    struct gdb_stop stop;
    bool gap; /* what lies between here and the stretch was left out */
    uint64_t gap_from;
};

struct gdb_machine {
    struct gdb_machine_config config;
    struct machine *machine;
    struct cpu *cpu;
    struct machine_point points[CPU_BREAKS_MAX + CPU_WATCHES_MAX];
    size_t point_count, break_count;
    enum gdb_move move;
    struct gdb_place moved_from;
    struct gdb_search search;
    bool asked;      /* to stop */
    bool cpu_clean;  /* nothing is set in the cpu */
    uint64_t at;     /* monitor at: go on to this number of instructions; 0: no */
    char fault[ERROR_TEXT_BYTES];
    struct names names; /* of domains */
    struct ledger *ledger; /* monitor ledger; NULL: not asked for, or the run went back */
    /* The kernel's own, by its symbols; domains 0: it is none of ours. */
    struct elf_file kernel;
    uint64_t domains, sched, kernel_offset; /* virtual address - physical address */
};

/* gdb_machine.c */
void points_set(struct gdb_machine *target, bool breaks);
void points_clear(struct gdb_machine *target);
struct gdb_stop points_hit(const struct gdb_machine *target);

/* ledger_leave - what was counted for monitor ledger is forgotten. */
void ledger_leave(struct gdb_machine *target);

/* gdb_move.c */
bool move_start(void *context, enum gdb_move move);
bool move_on(void *context, struct gdb_stop *stop);
void move_interrupt(void *context);

/* gdb_domains.c: registers are those of struct domain. */
void domains_find(struct gdb_machine *target);
uint64_t domains_now(void *context);
/* domain_live - are the hart's registers those of this thread? */
bool domain_live(struct gdb_machine *target, uint64_t thread);
size_t domains_list(void *context, struct gdb_thread *threads, size_t max);
/* domain_register - of a domain that does not run: gdb's numbers up to pc, and of f. */
bool domain_register(struct gdb_machine *target, uint64_t thread, uint32_t number,
                     uint64_t *value);
/* domain_satp - false: it has no address space now. */
bool domain_satp(struct gdb_machine *target, uint64_t thread, uint64_t *satp);
/* domain_of - the address of the cached domain with this root; 0: there is none. kernel_read - by
 * an address of the kernel. */
uint64_t domain_of(struct gdb_machine *target, uint64_t id);
bool kernel_read(struct gdb_machine *target, uint64_t addr, void *data, size_t size_bytes);
/* domain_id - the object id of the one that runs; 0: none. */
uint64_t domain_id(struct gdb_machine *target);

/* gdb_monitor.c */
bool monitor_answer(void *context, const char *words, struct byte_writer *text);

#endif
