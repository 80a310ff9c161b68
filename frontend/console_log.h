/* SPDX-License-Identifier: GPL-2.0-or-later */
/* console_log.h - all that the console printed, and how far the machine is in it: a machine that
 * goes back prints the same again. Used by window_run.c and view_past.c. Calls terminal.
 *
 * Invariants
 *  1. Each byte goes to stdout once, unless the history branched before it.
 *  2. The terminal shows what was printed up to where the machine is.
 */
#ifndef LATCHKEY_FRONTEND_CONSOLE_LOG_H
#define LATCHKEY_FRONTEND_CONSOLE_LOG_H

#include <stdio.h>

#include "frontend/terminal.h"

#define CONSOLE_LOG_BYTES_MAX (4u << 20) /* the older half goes */

struct console_log {
    uint8_t *bytes;
    size_t size, capacity;
    uint64_t first; /* bytes that went: number of bytes[0] */
    uint64_t at;    /* bytes that were printed up to where the machine is */
    uint64_t told;  /* bytes that went to stdout */
    FILE *output;   /* NULL: nowhere */
    struct terminal terminal;
    uint64_t terminal_at; /* what it shows */
};

/* console_log_init - nothing was printed. console_log_finish - free what it holds. */
void console_log_init(struct console_log *log, FILE *output);
void console_log_finish(struct console_log *log);
/* console_log_put - the machine prints. */
void console_log_put(struct console_log *log, const uint8_t *data, size_t size_bytes);
/* console_log_go - it is back where so many bytes were printed. */
void console_log_go(struct console_log *log, uint64_t at);
/* console_log_branch - what was printed after that never was. */
void console_log_branch(struct console_log *log);
/* console_log_terminal - the grid, as it is there. */
const struct terminal *console_log_terminal(struct console_log *log);

#endif
