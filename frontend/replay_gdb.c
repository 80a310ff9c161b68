/* SPDX-License-Identifier: GPL-2.0-or-later */
/* replay_gdb.c - a replayed machine and gdb, alone with each other; see replay_gdb.h. */
#include "frontend/replay_gdb.h"

#include <limits.h>
#include <stdio.h>

#include "emulator/gdb_machine.h"
#include "frontend/failure.h"
#include "frontend/gdb_port.h"
#include "frontend/signals.h"

#define EXIT_SIGNAL_BASE 128 /* as a shell reports a signal */

static void console_put(void *context, const uint8_t *data, size_t size_bytes)
{
    struct replay_console *console = context;
    uint64_t here = console->machine ? machine_instructions(console->machine) : 0;
    if (console->machine && here <= console->newest)
        return;
    console->newest = here;
    (void)fwrite(data, 1, size_bytes, stdout);
    (void)fflush(stdout);
}

struct console_sink replay_console_sink(struct replay_console *console)
{
    return (struct console_sink){.context = console, .put = console_put};
}

/* Returns the signal that ended it, 0: none. */
static int serve(struct gdb_port *port, struct signals *signals)
{
    for (;;) {
        enum gdb_port_state state = gdb_port_state(port);
        if (state == GDB_PORT_LEFT || state == GDB_PORT_KILLED)
            return 0;
        if (state == GDB_PORT_RUNS)
            gdb_port_go_on(port);
        struct pollfd fds[2] = {gdb_port_poll(port),
                                {.fd = signals->descriptor, .events = POLLIN}};
        if (poll(fds, 2, gdb_port_state(port) == GDB_PORT_RUNS ? 0 : -1) <= 0)
            continue;
        int number = fds[1].revents ? signals_next(signals) : 0;
        if (number)
            return number;
        if (fds[0].revents)
            gdb_port_serve(port);
    }
}

int replay_debug(struct replay *replay, uint16_t number)
{
    struct error error;
    struct signals signals;
    struct gdb_port *port;
    char path[PATH_MAX];
    const struct gdb_machine_config config = {.machine = replay_machine(replay),
                                              .timeline = replay_timeline(replay),
                                              .kernel_path = replay_kernel_path(replay)};
    struct gdb_machine *target = gdb_machine_create(&config);
    if (!gdb_port_open(&port, number, gdb_machine_ops(true), target, &error)) {
        gdb_machine_destroy(target);
        return failure_tell(&error);
    }
    signals_hold(&signals);
    gdb_port_announce(port, replay_kernel_file(replay, path) ? path : "");
    int ended = serve(port, &signals);
    signals_release(&signals);
    gdb_port_close(port);
    gdb_machine_destroy(target);
    return ended ? EXIT_SIGNAL_BASE + ended : 0;
}
