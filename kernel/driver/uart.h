/* SPDX-License-Identifier: GPL-2.0-or-later */
/* uart.h - the ns16550a as the console key's device: polled output, interrupt input. */
#ifndef LATCHKEY_KERNEL_UART_H
#define LATCHKEY_KERNEL_UART_H

#include "kernel/driver/fdt.h"

void uart_init(const struct fdt_device *device);
bool uart_present(void);
void uart_write(uint8_t byte);
/* uart_read - a byte that has come. false: none. */
MUST_CHECK bool uart_read(uint8_t *byte);

#endif
