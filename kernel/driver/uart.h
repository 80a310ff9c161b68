/* SPDX-License-Identifier: GPL-2.0-or-later */
/* uart.h - the ns16550a as the console key's device: polled output, interrupt input. */
#ifndef LATCHKEY_KERNEL_UART_H
#define LATCHKEY_KERNEL_UART_H

#include "kernel/driver/fdt.h"

/* uart_init - take the uart: 8 bits, FIFOs on, interrupt when bytes have come. */
void uart_init(const struct fdt_device *device);
/* uart_present - is there one? */
bool uart_present(void);
/* uart_write - send a byte; waits for room, but not for ever: a stuck uart loses it. */
void uart_write(uint8_t byte);
/* uart_read - a byte that has come. false: none. */
MUST_CHECK bool uart_read(uint8_t *byte);
/* uart_listen - whether bytes that have come interrupt. Off while there is no room for them: they
 * wait in the FIFO, and a sender that minds is held up. */
void uart_listen(bool on);

#endif
