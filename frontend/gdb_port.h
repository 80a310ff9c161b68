/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gdb_port.h - a TCP port of this host alone, where gdb can come in and leave again. Called by
 * headless.c and replay_gdb.c; calls gdb.h.
 *
 * Invariants
 *  1. Nothing here waits: the caller polls gdb_port_poll() and then calls gdb_port_serve().
 *  2. Only 127.0.0.1 is listened on.
 */
#ifndef LATCHKEY_FRONTEND_GDB_PORT_H
#define LATCHKEY_FRONTEND_GDB_PORT_H

#include <poll.h>

#include "emulator/base/error.h"
#include "emulator/gdb.h"

struct gdb_port;

enum gdb_port_state {
    GDB_PORT_WAITS,  /* nobody has come yet */
    GDB_PORT_STANDS, /* gdb is there, and the target stands */
    GDB_PORT_RUNS,   /* it runs: gdb_port_go_on() */
    GDB_PORT_LEFT,   /* gdb was there and has left */
    GDB_PORT_KILLED, /* gdb ended the target */
};

/* gdb_port_open - listen.
 *
 * number    0: a free one.
 * ops       of the target, as context; must outlive the port.
 * Errors    ERROR_IO the port cannot be had.
 */
MUST_CHECK bool gdb_port_open(struct gdb_port **port, uint16_t number, const struct gdb_ops *ops,
                              void *context, struct error *error);
void gdb_port_close(struct gdb_port *port); /* NULL is fine */
/* gdb_port_announce - tell on stderr where it listens. */
void gdb_port_announce(const struct gdb_port *port, const char *kernel_path);
/* gdb_port_poll - what to wait for. gdb_port_serve - take and send what can be. */
struct pollfd gdb_port_poll(const struct gdb_port *port);
void gdb_port_serve(struct gdb_port *port);
void gdb_port_go_on(struct gdb_port *port);
enum gdb_port_state gdb_port_state(const struct gdb_port *port);

#endif
