/* SPDX-License-Identifier: GPL-2.0-or-later */
/* replay.h - a trace made ready to run: its kernel and images found and checked, a machine on media
 * in memory, a timeline. Nothing that the trace was recorded with is changed.
 *
 * Used by frontend/ (replay_command.c, replay_gdb.c, profile_command.c; session.c, session_past.c
 * and window_run.c, which show it), bench and tests. Calls record_read, layers, timeline.
 */
#ifndef LATCHKEY_EMULATOR_REPLAY_H
#define LATCHKEY_EMULATOR_REPLAY_H

#include <limits.h>

#include "emulator/timeline.h"

#define REPLAY_IMAGES_MAX 16u

struct replay;

struct replay_options {
    const char *trace_path;
    /* Where else to look for what the trace names; all is known by its contents. NULL: nowhere. */
    const char *kernel_path, *initrd_path;
    const char *images[REPLAY_IMAGES_MAX];
    unsigned image_count;
    struct console_sink console; /* put may be NULL */
    bool check;                  /* compare marks on the way */
    size_t budget_bytes;         /* of the timeline */
    struct timeline_follower follower; /* of it */
    /* Snapshots of this trace, taken by replay_snapshots(), to be far along at once. NULL, or one
     * that does not exist: none. */
    const char *snapshots_path;
    bool careful; /* the machine takes no short cuts: slow, and must be the same */
};

/* replay_open - read a trace and stand at its beginning.
 *
 * options  what its pointers point to must outlive the replay.
 * Errors   ERROR_IO a file is missing; ERROR_FORMAT the trace is damaged or of another version, or
 *          a kernel or image is not the one; the same of snapshots.
 */
MUST_CHECK bool replay_open(struct replay **replay, const struct replay_options *options,
                            struct error *error);
void replay_close(struct replay *replay); /* NULL is fine */

/* replay_machine, replay_timeline, replay_record - its parts, as long as it is open. */
struct machine *replay_machine(struct replay *replay);
struct timeline *replay_timeline(struct replay *replay);
const struct record *replay_record(const struct replay *replay);
/* replay_kernel_path - a file that holds its kernel, whatever became of the one that was run. */
const char *replay_kernel_path(const struct replay *replay);

/* replay_kernel_file - the kernel's file where it is expected, if its contents are what was run.
 * false: there is none. */
bool replay_kernel_file(const struct replay *replay, char path[PATH_MAX]);

/* replay_to - go forward to what until says.
 *
 * Errors   ERROR_LIMIT the trace ends before that; as timeline_run().
 */
MUST_CHECK bool replay_to(struct replay *replay, const struct machine_until *until,
                          struct error *error);
/* replay_whole - after all of it was carried out: was that all of the run? Errors: ERROR_FORMAT its
 * end is missing. */
MUST_CHECK bool replay_whole(const struct replay *replay, struct error *error);

/* replay_uses - is it one of the files that a replay of this trace reads, or would, were they not
 * packed in? What is written there would be their end. */
bool replay_uses(const struct replay *replay, const char *path);
/* replay_bundle - write the trace with all that it needs. At its beginning only.
 *
 * Errors   ERROR_IO the host refused; ERROR_USAGE replay_uses().
 */
MUST_CHECK bool replay_bundle(struct replay *replay, const char *path, struct error *error);

/* replay_save - the same of what was gone through up to the present: after timeline_branch() that
 * is another history than the trace's. The file must be none that the replay uses. Errors: ERROR_IO
 * the host refused. */
MUST_CHECK bool replay_save(struct replay *replay, const char *path, struct error *error);

/* replay_snapshots - write the snapshots that there are now (timeline_file.h), for another time.
 * Errors: as timeline_file_write(). */
MUST_CHECK bool replay_snapshots(struct replay *replay, const char *path, struct error *error);

/* replay_twin - a second machine at the beginning of the same trace, on the same media: only one of
 * the two may run at a time, after timeline_load() and layers_forget(). careful: as above.
 * replay_twin_close - free it. */
struct replay_twin {
    struct machine *machine;
    struct timeline *timeline;
};
MUST_CHECK bool replay_twin(struct replay *replay, bool careful, struct replay_twin *twin,
                            struct error *error);
void replay_twin_close(struct replay_twin *twin);
/* replay_media_forget - layers_forget() of all its disks. */
void replay_media_forget(struct replay *replay);

#endif
