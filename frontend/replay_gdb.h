/* SPDX-License-Identifier: GPL-2.0-or-later */
/* replay_gdb.h - `latchkey replay TRACE --gdb PORT`. For replay_command.c. */
#ifndef LATCHKEY_FRONTEND_REPLAY_GDB_H
#define LATCHKEY_FRONTEND_REPLAY_GDB_H

#include "emulator/replay.h"

/* replay_debug - until gdb leaves, or a signal comes.
 *
 * number   of the port; 0: a free one.
 * Returns  the exit status.
 */
int replay_debug(struct replay *replay, uint16_t number);

/* What the guest prints, each byte once, however often it is gone through. */
struct replay_console {
    struct machine *machine; /* NULL: not known yet, nothing is printed twice */
    uint64_t newest;         /* instruction at which something was printed */
};
/* replay_console_sink - on stdout; console must outlive the machine. */
struct console_sink replay_console_sink(struct replay_console *console);

#endif
