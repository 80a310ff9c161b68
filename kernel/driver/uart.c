/* SPDX-License-Identifier: GPL-2.0-or-later */
/* uart.c - ns16550a registers. Called by driver.c and key_console.c. Source: National PC16550D data
 * sheet, section 8. */
#include "kernel/driver/uart.h"

#include "kernel/arch/arch.h"
#include "kernel/driver/mmio.h"

enum { UART_DATA = 0, UART_INTERRUPT_ENABLE = 1, UART_FIFO_CONTROL = 2, UART_LINE_CONTROL = 3,
       UART_LINE_STATUS = 5 };
enum { STATUS_RECEIVED = 0x01, STATUS_ROOM = 0x20 };
enum { INTERRUPT_RECEIVED = 0x01 };
#define LINE_8N1 0x03u
#define FIFO_ON 0x01u
/* Reads of the line status before a byte is given up. A byte at 115,200 baud takes 87 us. */
#define ROOM_POLLS_MAX 100000u
#define EARLY_BYTES 256u /* a few lines typed ahead */

static struct {
    volatile uint8_t *registers; /* NULL: no uart */
    uint32_t early_count, early_taken;
} uart;
/* Typed before the kernel ran; turning the FIFOs on clears what is there. */
static uint8_t early[EARLY_BYTES];

static bool received(uint8_t *byte)
{
    if (!(mmio_read8(uart.registers + UART_LINE_STATUS) & STATUS_RECEIVED))
        return false;
    *byte = mmio_read8(uart.registers + UART_DATA);
    return true;
}

void uart_init(const struct fdt_device *device)
{
    if (device->base == 0)
        return;
    uart.registers = arch_physical_to_virtual(device->base);
    mmio_write8(uart.registers + UART_INTERRUPT_ENABLE, 0);
    mmio_write8(uart.registers + UART_LINE_CONTROL, LINE_8N1);
    while (uart.early_count < EARLY_BYTES && received(&early[uart.early_count]))
        uart.early_count++;
    mmio_write8(uart.registers + UART_FIFO_CONTROL, FIFO_ON);
    uart_listen(true);
}

bool uart_present(void)
{
    return uart.registers != NULL;
}

void uart_write(uint8_t byte)
{
    kassert(uart.registers != NULL);
    for (unsigned i = 0; i < ROOM_POLLS_MAX; i++)
        if (mmio_read8(uart.registers + UART_LINE_STATUS) & STATUS_ROOM) {
            mmio_write8(uart.registers + UART_DATA, byte);
            return;
        }
}

bool uart_read(uint8_t *byte)
{
    if (uart.early_taken < uart.early_count) {
        *byte = early[uart.early_taken++];
        return true;
    }
    return uart.registers && received(byte);
}

void uart_listen(bool on)
{
    if (uart.registers)
        mmio_write8(uart.registers + UART_INTERRUPT_ENABLE, on ? INTERRUPT_RECEIVED : 0);
}
