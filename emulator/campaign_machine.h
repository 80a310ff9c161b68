/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_machine.h - one machine, switched on and stopped just before it first reads a disk: what
 * every run of a campaign begins with, as a child of the process that holds it.
 *
 * Power that comes back finds the same machine whatever the case, so all runs begin at instruction
 * 0 with the clock at its start, and differ by the media only.
 *
 * Used by campaign.c, campaign_level.c, campaign_unit.c and campaign_write.c. Calls the machine,
 * the media and the judge.
 *
 * Invariants
 *  1. The process that made the machine never runs it further: children do.
 *  2. A run is a function of the media and the setup.
 */
#ifndef LATCHKEY_EMULATOR_CAMPAIGN_MACHINE_H
#define LATCHKEY_EMULATOR_CAMPAIGN_MACHINE_H

#include "emulator/campaign_judge.h"
#include "emulator/machine.h"

#define CAMPAIGN_CONSOLE_BYTES 16384u

/* What runs, and what would be wrong: no more than data. */
struct campaign_workload {
    const char *name, *about;
    const char *const *forbidden; /* what must never be printed, up to NULL */
    const char *wrong; /* one of them: data are not what they must be; NULL: none says so */
    /* "... N PROMISE ...": what was done before this line is durable, and with it step N. NULL:
     * nothing is promised in words. */
    const char *promise;
    /* "... RECALL N ...": printed in each life before its twelfth checkpoint is committed: steps
     * up to N are there. NULL: nothing is. */
    const char *recall;
};

struct campaign_setup {
    const char *kernel_path, *append;
    uint64_t ram_bytes, seed;
    uint64_t cycles_max;   /* in which a restart and the next checkpoint must be over */
    bool check;            /* the kernel checks itself all the time */
    const struct campaign_workload *workload;
    const struct machine_fault *faults; /* of the undisturbed run; a restart is without them */
    unsigned fault_count;
};

struct campaign_machine {
    const struct campaign_setup *setup;
    struct machine *machine;
    struct campaign_media media;
    const struct campaign_view *images; /* the machine was made on these */
    const struct campaign_layout *layout; /* of them */
    char console[CAMPAIGN_CONSOLE_BYTES]; /* what was printed, cut when it is full */
    size_t console_bytes, line; /* line: where the present one begins */
    bool recalls;               /* one of them said so ... */
    uint64_t recalled;          /* ... and this is the last step that any did */
};

/* campaign_machine_create - make it and bring it to its first read.
 *
 * machine  out: must not move; campaign_machine_destroy() is safe even after failure.
 * images   a view of images; outlives the machine, as setup and layout do.
 * Errors   as machine_create; ERROR_FORMAT it never reads its disks.
 */
MUST_CHECK bool campaign_machine_create(struct campaign_machine *machine,
                                        const struct campaign_setup *setup,
                                        const struct campaign_view *images,
                                        const struct campaign_layout *layout, struct error *error);
void campaign_machine_destroy(struct campaign_machine *machine);
/* campaign_machine_leave - in a child that only reads the media: give up all else, so that its own
 * children are made quickly. */
void campaign_machine_leave(struct campaign_machine *machine);

#define CAMPAIGN_CHILD_NUMBERS 24u
/* campaign_machine_child - do a job in a child of this process, where the machine may run, and take
 * over so many of the numbers that it leaves, and its error.
 *
 * Errors   as the job's; ERROR_IO the host.
 */
MUST_CHECK bool campaign_machine_child(
    struct campaign_machine *machine, const void *job_context,
    bool (*job)(struct campaign_machine *machine, const void *job_context, uint64_t *numbers,
                struct error *error),
    uint64_t *numbers, unsigned count, struct error *error);
/* campaign_machine_learn - in a child, run from these media until so many checkpoints are committed
 * after the one that it restarts from, and migrated; log it.
 *
 * Errors   ERROR_FORMAT it does not come that far; ERROR_LIMIT the log is full; ERROR_IO the host.
 */
MUST_CHECK bool campaign_machine_learn(struct campaign_machine *machine,
                                       const struct campaign_view *media, unsigned checkpoints,
                                       struct campaign_log *log, struct error *error);

/* campaign_machine_restart - in this process, which is a child that ends afterwards: run from the
 * media of machine->media until the restarted system has committed a checkpoint. May return in
 * several processes, each with the members of machine->media that it stands for. */
void campaign_machine_restart(struct campaign_machine *machine, struct campaign_online *online);

#endif
