/* SPDX-License-Identifier: GPL-2.0-or-later */
/* trace_port.h - latchkey,trace: the guest announces phases, generations and marks (board.h).
 *
 * emulator/machine.c listens; nothing flows back to the guest.
 */
#ifndef LATCHKEY_DEVICES_TRACE_PORT_H
#define LATCHKEY_DEVICES_TRACE_PORT_H

#include "devices/device.h"

struct trace_port_config {
    void *context;
    /* A pair was announced. kind is below TRACE_KIND_COUNT and not 0. May be NULL. */
    void (*announce)(void *context, uint32_t kind, uint64_t argument);
};

extern const struct device_ops trace_port_ops; /* init wants a struct trace_port_config */

#endif
