/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gdb_port.c - see gdb_port.h. */
#include "frontend/gdb_port.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "emulator/base/memory.h"

#define INPUT_BYTES 4096u
#define OUTPUT_BYTES_MAX (1u << 20) /* that wait to be sent, before more is taken in */

struct gdb_port {
    const struct gdb_ops *ops;
    void *context;
    int listener, connection; /* -1: none */
    uint16_t number;
    struct gdb *gdb; /* of the connection */
    size_t sent;     /* of its output */
    bool came, killed;
};

static bool listen_on(struct gdb_port *port, uint16_t number, struct error *error)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(number)};
    socklen_t length = sizeof(addr);
    int yes = 1;
    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    port->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (port->listener < 0 ||
        setsockopt(port->listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0 ||
        bind(port->listener, (const struct sockaddr *)&addr, sizeof(addr)) != 0 ||
        listen(port->listener, 1) != 0 ||
        getsockname(port->listener, (struct sockaddr *)&addr, &length) != 0)
        return error_set(error, ERROR_IO, "--gdb %u: %s", (unsigned)number, strerror(errno));
    port->number = ntohs(addr.sin_port);
    return true;
}

bool gdb_port_open(struct gdb_port **out, uint16_t number, const struct gdb_ops *ops,
                   void *context, struct error *error)
{
    struct gdb_port *port = memory_zeroed(1, sizeof(*port));
    port->ops = ops;
    port->context = context;
    port->listener = port->connection = -1;
    *out = port;
    if (listen_on(port, number, error))
        return true;
    gdb_port_close(port);
    *out = NULL;
    return false;
}

static void hang_up(struct gdb_port *port)
{
    if (port->connection >= 0)
        (void)close(port->connection);
    port->connection = -1;
    port->killed = port->killed || (port->gdb && gdb_ended(port->gdb) == GDB_KILLED);
    gdb_destroy(port->gdb);
    port->gdb = NULL;
    port->sent = 0;
}

void gdb_port_close(struct gdb_port *port)
{
    if (!port)
        return;
    hang_up(port);
    if (port->listener >= 0)
        (void)close(port->listener);
    free(port);
}

void gdb_port_announce(const struct gdb_port *port, const char *kernel_path)
{
    unsigned number = port->number;
    fprintf(stderr, "latchkey: gdb: waits at 127.0.0.1:%u; gdb-multiarch -ex 'target remote :%u' "
                    "%s\n", number, number, kernel_path);
}

enum gdb_port_state gdb_port_state(const struct gdb_port *port)
{
    if (port->killed)
        return GDB_PORT_KILLED;
    if (!port->gdb)
        return port->came ? GDB_PORT_LEFT : GDB_PORT_WAITS;
    return gdb_runs(port->gdb) ? GDB_PORT_RUNS : GDB_PORT_STANDS;
}

struct pollfd gdb_port_poll(const struct gdb_port *port)
{
    struct pollfd wanted = {.fd = port->listener, .events = POLLIN};
    if (!port->gdb)
        return wanted;
    size_t left = gdb_output(port->gdb)->size_bytes - port->sent;
    wanted.fd = port->connection;
    wanted.events = (short)((left > 0 ? POLLOUT : 0) | (left < OUTPUT_BYTES_MAX ? POLLIN : 0));
    return wanted;
}

static void come(struct gdb_port *port)
{
    int yes = 1;
    port->connection = accept4(port->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (port->connection < 0)
        return;
    (void)setsockopt(port->connection, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    port->gdb = gdb_create(port->ops, port->context);
    port->came = true;
}

/* false: the other side is gone. */
static bool take(struct gdb_port *port)
{
    uint8_t bytes[INPUT_BYTES];
    ssize_t count = recv(port->connection, bytes, sizeof(bytes), 0);
    if (count > 0)
        gdb_receive(port->gdb, bytes, (size_t)count);
    return count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR));
}

static bool give(struct gdb_port *port)
{
    struct byte_writer *output = gdb_output(port->gdb);
    while (port->sent < output->size_bytes) {
        ssize_t count = send(port->connection, output->data + port->sent,
                             output->size_bytes - port->sent, MSG_NOSIGNAL);
        if (count < 0)
            return errno == EAGAIN || errno == EINTR;
        port->sent += (size_t)count;
    }
    port->sent = output->size_bytes = 0;
    return true;
}

void gdb_port_serve(struct gdb_port *port)
{
    if (!port->gdb) {
        come(port);
        return;
    }
    bool there = gdb_output(port->gdb)->size_bytes >= OUTPUT_BYTES_MAX || take(port);
    there = there && give(port);
    if (!there || (gdb_ended(port->gdb) != GDB_NOT_ENDED && port->sent == 0))
        hang_up(port);
}

void gdb_port_go_on(struct gdb_port *port)
{
    assert(port->gdb);
    gdb_go_on(port->gdb);
    if (!give(port))
        hang_up(port);
}
