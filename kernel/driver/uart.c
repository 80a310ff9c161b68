/* SPDX-License-Identifier: GPL-2.0-or-later */
/* uart.c - ns16550a registers. Called by driver.c and key_console.c. Source: National PC16550D data
 * sheet, section 8. */
#include "kernel/driver/uart.h"

#include "kernel/arch/arch.h"

enum { UART_DATA = 0, UART_INTERRUPT_ENABLE = 1, UART_FIFO_CONTROL = 2, UART_LINE_CONTROL = 3,
       UART_LINE_STATUS = 5 };
enum { STATUS_RECEIVED = 0x01, STATUS_ROOM = 0x20 };

static struct {
    volatile uint8_t *registers; /* NULL: no uart */
} uart;

void uart_init(const struct fdt_device *device)
{
    if (device->base == 0)
        return;
    uart.registers = arch_physical_to_virtual(device->base);
    uart.registers[UART_INTERRUPT_ENABLE] = 0;
    uart.registers[UART_LINE_CONTROL] = 0x03; /* 8 bits, no parity, 1 stop bit */
    uart.registers[UART_FIFO_CONTROL] = 0x07; /* on, both cleared */
    uart.registers[UART_INTERRUPT_ENABLE] = 0x01; /* received data */
}

bool uart_present(void)
{
    return uart.registers != NULL;
}

void uart_write(uint8_t byte)
{
    while (!(uart.registers[UART_LINE_STATUS] & STATUS_ROOM))
        ;
    uart.registers[UART_DATA] = byte;
}

bool uart_read(uint8_t *byte)
{
    if (!uart.registers || !(uart.registers[UART_LINE_STATUS] & STATUS_RECEIVED))
        return false;
    *byte = uart.registers[UART_DATA];
    return true;
}
