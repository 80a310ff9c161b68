/* SPDX-License-Identifier: GPL-2.0-or-later */
/* uart.h - ns16550a: the console. Bytes written go to a sink at once; bytes typed wait in a
 * backlog.
 *
 * emulator/machine.c gives it the sink and feeds it with uart_input().
 */
#ifndef LATCHKEY_DEVICES_UART_H
#define LATCHKEY_DEVICES_UART_H

#include "devices/device.h"

#define UART_BACKLOG_BYTES 4096u /* typed and not yet in the 16-byte receive FIFO */

struct uart; /* the state block of uart_ops */

struct uart_config {
    struct console_sink sink; /* put may be NULL */
};

extern const struct device_ops uart_ops; /* init wants a struct uart_config */

/* uart_input - a byte arrives on the line.
 *
 * Returns  false, nothing changed, when the backlog is full.
 */
bool uart_input(struct uart *uart, uint8_t byte);

/* uart_input_take - take back the oldest byte that the guest has not read (the SBI console reads
 * the same line).
 *
 * Returns  false when there is none.
 */
bool uart_input_take(struct uart *uart, uint8_t *byte);

#endif
