/* SPDX-License-Identifier: GPL-2.0-or-later */
/* recorder.h - records a run into a trace, as it happens.
 *
 * Called by whoever drives a machine (frontend/session.c, bench, tests): open it before the machine
 * is made, attach it to the machine, ask between runs when to stop next, close it before the
 * machine is destroyed.
 */
#ifndef LATCHKEY_EMULATOR_RECORDER_H
#define LATCHKEY_EMULATOR_RECORDER_H

#include "emulator/machine.h"

struct recorder;

struct recorder_options {
    const char *path;
    uint64_t mark_spacing; /* in instructions; 0: as recorder_spacing() says */
    uint64_t glance_spacing; /* 0: a 256th of it, at least RECORDER_GLANCE_MIN */
};
#define RECORDER_GLANCE_MIN 1000000u

/* recorder_spacing - of marks: so that they take about a hundredth of the run's time. */
uint64_t recorder_spacing(uint64_t ram_bytes);

/* recorder_open - open and hash the disks, hash kernel and initrd.
 *
 * config   in and out: its disks' media become the recorder's, which must outlive the machine.
 * Errors   as machine_create() for files; ERROR_USAGE a configuration that a trace cannot hold.
 */
MUST_CHECK bool recorder_open(struct recorder **recorder, const struct recorder_options *options,
                              struct machine_config *config, struct error *error);
/* recorder_attach - make the trace's file, and record from now on; the machine has not run yet.
 *
 * Errors   ERROR_IO the trace cannot be written.
 */
MUST_CHECK bool recorder_attach(struct recorder *recorder, struct machine *machine,
                                struct error *error);
/* recorder_next - the machine is not to run further than to this number of instructions before
 * recorder_visit(). */
uint64_t recorder_next(const struct recorder *recorder);
/* recorder_visit - between runs: write the mark or glance that is due. Cheap when none is. */
void recorder_visit(struct recorder *recorder);

/* recorder_end - the run is over: the last position, a mark, the end. After machine_flush().
 *
 * Errors   ERROR_IO the trace could not be written to its end.
 */
MUST_CHECK bool recorder_end(struct recorder *recorder, struct error *error);
/* recorder_close - after machine_destroy(); ends the trace if that was not done. NULL is fine.
 * false: the host could not sync an image. */
bool recorder_close(struct recorder *recorder);

#endif
