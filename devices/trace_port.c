/* SPDX-License-Identifier: GPL-2.0-or-later */
/* trace_port.c - the write-only mailbox in which a guest announces what it is doing. Called by the
 * bus; calls the announce() of its config.
 *
 * Invariants
 *  1. A pair is announced exactly once, at the write to TRACE_KIND, with the argument written last.
 *  2. Kinds that board.h does not name are dropped, so that a newer kernel runs on an older
 *     machine.
 */
#include "devices/trace_port.h"

#include <assert.h>

#include "devices/board.h"

struct trace_port {
    const struct trace_port_config *config;
    uint64_t argument;
};

static void trace_port_init(void *state, const struct device_env *env, const void *config)
{
    struct trace_port *port = state;
    assert(env != NULL);
    assert(config != NULL);
    port->config = config;
}

static void trace_port_reset(void *state)
{
    struct trace_port *port = state;
    port->argument = 0;
}

static bool trace_port_read(void *state, uint64_t offset, unsigned size_bytes, uint64_t *value)
{
    assert(state != NULL);
    assert(offset < BOARD_TRACE_SIZE);
    assert(size_bytes <= 8);
    *value = 0;
    return false;
}

static bool trace_port_write(void *state, uint64_t offset, unsigned size_bytes, uint64_t value)
{
    struct trace_port *port = state;
    if (offset == TRACE_ARGUMENT && size_bytes == 8) {
        port->argument = value;
        return true;
    }
    if (offset != TRACE_KIND || size_bytes != 4)
        return false;
    bool known = value >= TRACE_MARK && value < TRACE_KIND_COUNT;
    if (known && port->config->announce != NULL)
        port->config->announce(port->config->context, (uint32_t)value, port->argument);
    return true;
}

static void trace_port_save(const void *state, struct byte_writer *writer)
{
    const struct trace_port *port = state;
    write_u64(writer, port->argument);
}

static void trace_port_load(void *state, struct byte_reader *reader)
{
    struct trace_port *port = state;
    uint64_t argument = read_u64(reader);
    if (!reader->failed)
        port->argument = argument;
}

const struct device_ops trace_port_ops = {
    .name = "trace",
    .compatible = "latchkey,trace",
    .state_bytes = sizeof(struct trace_port),
    .init = trace_port_init,
    .reset = trace_port_reset,
    .read = trace_port_read,
    .write = trace_port_write,
    .save = trace_port_save,
    .load = trace_port_load,
};
