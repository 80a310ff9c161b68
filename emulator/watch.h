/* SPDX-License-Identifier: GPL-2.0-or-later */
/* watch.h - has what a run waits for happened on the console or at the trace port? */
#ifndef LATCHKEY_EMULATOR_WATCH_H
#define LATCHKEY_EMULATOR_WATCH_H

#include "emulator/machine.h"

struct watch {
    struct machine_until until; /* of the present run; its texts are borrowed until watch_end() */
    /* The newest bytes printed, so that a text may begin in one run and end in the next. */
    char tail[2 * MACHINE_UNTIL_TEXT_BYTES];
    unsigned tail_bytes;
};

/* watch_begin - a run begins; until's texts must outlive it. watch_end - it is over. */
void watch_begin(struct watch *watch, const struct machine_until *until);
void watch_end(struct watch *watch);

/* watch_forget - what was printed so far belongs to another history (load). */
void watch_forget(struct watch *watch);

/* watch_console - a byte was printed. Returns whether it completes a text that is waited for. */
bool watch_console(struct watch *watch, uint8_t byte);

/* watch_trace - the trace port announced something.
 *
 * reason   out: why to stop, if the result is true.
 */
bool watch_trace(const struct watch *watch, uint32_t kind, uint64_t argument,
                 enum machine_stop_reason *reason);

#endif
