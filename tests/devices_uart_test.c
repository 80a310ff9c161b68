/* SPDX-License-Identifier: GPL-2.0-or-later */
/* devices_uart_test.c - the console against the PC16550D data sheet. */
#include "devices/uart.h"

#include <criterion/criterion.h>
#include <string.h>

#include "tests/support_device.h"

enum { RBR, IER, IIR, LCR, MCR, LSR, MSR, SCR };

struct bench {
    struct fake_board *board;
    struct fake_device device;
    struct uart_config config;
    char sent[256];
    size_t sent_count;
};

static void bench_put(void *context, const uint8_t *data, size_t size_bytes)
{
    struct bench *bench = context;
    cr_assert_leq(bench->sent_count + size_bytes, sizeof(bench->sent));
    memcpy(bench->sent + bench->sent_count, data, size_bytes);
    bench->sent_count += size_bytes;
}

static void bench_start(struct bench *bench)
{
    *bench = (struct bench){.board = fake_board_create(4096)};
    bench->config.sink = (struct console_sink){.context = bench, .put = bench_put};
    fake_device_init(&bench->device, bench->board, &uart_ops, BOARD_UART_IRQ, &bench->config);
}

static void bench_end(struct bench *bench)
{
    fake_device_finish(&bench->device);
    fake_board_destroy(bench->board);
}

static void bench_type(struct bench *bench, const char *text)
{
    for (; *text != '\0'; text++)
        cr_assert(uart_input(bench->device.state, (uint8_t)*text));
}

static uint8_t get(struct bench *bench, unsigned offset)
{
    return (uint8_t)fake_get(&bench->device, offset, 1);
}

static void set(struct bench *bench, unsigned offset, uint8_t value)
{
    fake_set(&bench->device, offset, 1, value);
}

static bool line_is_high(const struct bench *bench)
{
    return bench->board->line[BOARD_UART_IRQ];
}

Test(uart, written_bytes_reach_the_sink_in_order)
{
    struct bench bench;
    bench_start(&bench);
    for (const char *text = "hello"; *text != '\0'; text++) {
        cr_assert_eq(get(&bench, LSR) & 0x60, 0x60);
        set(&bench, RBR, (uint8_t)*text);
    }
    cr_assert_eq(bench.sent_count, 5);
    cr_assert_eq(memcmp(bench.sent, "hello", 5), 0);
    bench_end(&bench);
}

Test(uart, a_missing_sink_swallows_bytes)
{
    struct fake_board *board = fake_board_create(4096);
    struct uart_config config = {0};
    struct fake_device device;
    fake_device_init(&device, board, &uart_ops, BOARD_UART_IRQ, &config);
    fake_set(&device, RBR, 1, 'x');
    cr_assert_eq(fake_get(&device, LSR, 1), 0x60);
    fake_device_finish(&device);
    fake_board_destroy(board);
}

Test(uart, typed_bytes_are_read_in_order_without_and_with_fifo)
{
    struct bench bench;
    for (uint8_t fcr = 0; fcr <= 1; fcr++) {
        bench_start(&bench);
        set(&bench, IIR, fcr);
        bench_type(&bench, "0123456789abcdefghijklmnopqrstuvwxyz");
        for (const char *text = "0123456789abcdefghijklmnopqrstuvwxyz"; *text != '\0'; text++) {
            cr_assert_eq(get(&bench, LSR) & 1, 1);
            cr_assert_eq(get(&bench, RBR), (uint8_t)*text);
        }
        cr_assert_eq(get(&bench, LSR) & 3, 0, "empty, and nothing was overrun");
        cr_assert_eq(get(&bench, RBR), 0);
        bench_end(&bench);
    }
}

Test(uart, the_backlog_is_bounded)
{
    struct bench bench;
    bench_start(&bench);
    unsigned taken = 0;
    while (uart_input(bench.device.state, 'x'))
        taken++;
    cr_assert_eq(taken, UART_BACKLOG_BYTES + 1, "one byte is in the receive register");
    get(&bench, RBR);
    cr_assert(uart_input(bench.device.state, 'y'));
    cr_assert_not(uart_input(bench.device.state, 'z'));
    cr_assert(fake_round_trip(&bench.device));
    bench_end(&bench);
}

Test(uart, the_sbi_console_can_take_typed_bytes)
{
    struct bench bench;
    uint8_t byte = 0;
    bench_start(&bench);
    cr_assert_not(uart_input_take(bench.device.state, &byte));
    set(&bench, IER, 1);
    bench_type(&bench, "ab");
    cr_assert(line_is_high(&bench));
    cr_assert(uart_input_take(bench.device.state, &byte));
    cr_assert_eq(byte, 'a');
    cr_assert(uart_input_take(bench.device.state, &byte));
    cr_assert_eq(byte, 'b');
    cr_assert_not(line_is_high(&bench));
    bench_end(&bench);
}

Test(uart, data_available_follows_the_trigger_level)
{
    static const uint8_t levels[4] = {1, 4, 8, 14};
    struct bench bench;
    for (unsigned code = 0; code < 4; code++) {
        bench_start(&bench);
        set(&bench, IIR, (uint8_t)(code << 6 | 1));
        set(&bench, IER, 1);
        for (unsigned count = 1; count <= levels[code]; count++) {
            cr_assert_not(line_is_high(&bench));
            bench_type(&bench, "x");
        }
        cr_assert(line_is_high(&bench));
        cr_assert_eq(get(&bench, IIR), 0xc4);
        get(&bench, RBR);
        cr_assert_not(line_is_high(&bench));
        bench_end(&bench);
    }
}

Test(uart, bytes_below_the_trigger_level_time_out)
{
    struct bench bench;
    bench_start(&bench);
    set(&bench, LCR, 0x83);
    set(&bench, RBR, 2); /* 115200 baud: 3686400 / 16 / 2 */
    set(&bench, IER, 0);
    set(&bench, LCR, 0x03);
    set(&bench, IIR, 0xc1);
    set(&bench, IER, 1);
    bench_type(&bench, "x");
    cr_assert_eq(fake_deadline(&bench.device), 347222, "40 bits at 115200 baud");
    fake_advance(&bench.device, 347221);
    cr_assert_not(line_is_high(&bench));
    fake_advance(&bench.device, 347222);
    cr_assert(line_is_high(&bench));
    cr_assert_eq(get(&bench, IIR), 0xcc);
    cr_assert(fake_round_trip(&bench.device));
    cr_assert_eq(get(&bench, RBR), 'x');
    cr_assert_not(line_is_high(&bench));
    cr_assert_eq(fake_deadline(&bench.device), DEVICE_NEVER);
    bench_end(&bench);
}

Test(uart, the_transmit_interrupt_is_cleared_by_reading_iir)
{
    struct bench bench;
    bench_start(&bench);
    cr_assert_eq(get(&bench, IIR), 1);
    set(&bench, IER, 2);
    cr_assert(line_is_high(&bench), "the transmitter is empty when the interrupt is enabled");
    cr_assert_eq(get(&bench, IIR), 2);
    cr_assert_not(line_is_high(&bench));
    cr_assert_eq(get(&bench, IIR), 1);
    set(&bench, RBR, 'x');
    cr_assert(line_is_high(&bench));
    set(&bench, IER, 0);
    cr_assert_not(line_is_high(&bench));
    bench_end(&bench);
}

Test(uart, a_cleared_transmit_fifo_says_that_it_is_empty)
{
    struct bench bench;
    bench_start(&bench);
    set(&bench, IER, 2);
    get(&bench, IIR);
    set(&bench, IIR, 1);
    cr_assert_eq(get(&bench, IIR), 0xc2, "switching the FIFOs on clears them");
    set(&bench, IIR, 3);
    cr_assert_eq(get(&bench, IIR), 0xc1, "the receive FIFO alone");
    set(&bench, IIR, 5);
    cr_assert_eq(get(&bench, IIR), 0xc2);
    bench_end(&bench);
}

Test(uart, a_receive_interrupt_hides_but_keeps_the_transmit_interrupt)
{
    struct bench bench;
    bench_start(&bench);
    set(&bench, IER, 3);
    bench_type(&bench, "x");
    cr_assert_eq(get(&bench, IIR), 4);
    get(&bench, RBR);
    cr_assert_eq(get(&bench, IIR), 2);
    bench_end(&bench);
}

Test(uart, dlab_uncovers_the_divisor)
{
    struct bench bench;
    bench_start(&bench);
    set(&bench, LCR, 0x80);
    set(&bench, RBR, 0x34);
    set(&bench, IER, 0x12);
    cr_assert_eq(get(&bench, RBR), 0x34);
    cr_assert_eq(get(&bench, IER), 0x12);
    cr_assert_eq(bench.sent_count, 0);
    set(&bench, LCR, 0x03);
    cr_assert_eq(get(&bench, IER), 0);
    set(&bench, SCR, 0xa5);
    cr_assert_eq(get(&bench, SCR), 0xa5);
    cr_assert_eq(get(&bench, LCR), 0x03);
    bench_end(&bench);
}

Test(uart, loopback_returns_bytes_and_modem_lines)
{
    struct bench bench;
    bench_start(&bench);
    cr_assert_eq(get(&bench, MSR), 0xb0);
    set(&bench, MCR, 0x1f);
    cr_assert_eq(get(&bench, MSR), 0xf0);
    set(&bench, MCR, 0x12); /* RTS only: CTS stays, DSR, RI and DCD fall */
    cr_assert_eq(get(&bench, MSR), 0x1e);
    cr_assert_eq(get(&bench, MSR), 0x10, "deltas are cleared by reading");
    bench_type(&bench, "t");
    cr_assert_eq(get(&bench, LSR) & 1, 0, "the line is cut off");
    set(&bench, RBR, 'a');
    cr_assert_eq(bench.sent_count, 0);
    set(&bench, RBR, 'b');
    cr_assert_eq(get(&bench, LSR) & 3, 3, "the second byte overran the first");
    cr_assert_eq(get(&bench, LSR) & 3, 1, "reading LSR clears the error");
    cr_assert_eq(get(&bench, RBR), 'a');
    set(&bench, MCR, 0);
    cr_assert_eq(get(&bench, RBR), 't');
    bench_end(&bench);
}

Test(uart, line_and_modem_interrupts_have_their_causes)
{
    struct bench bench;
    bench_start(&bench);
    set(&bench, MCR, 0x10);
    set(&bench, IER, 0x0c);
    cr_assert(line_is_high(&bench));
    cr_assert_eq(get(&bench, IIR), 0, "modem lines fell");
    set(&bench, RBR, 'a');
    set(&bench, RBR, 'b');
    cr_assert_eq(get(&bench, IIR), 6, "overrun comes first");
    get(&bench, LSR);
    cr_assert_eq(get(&bench, IIR), 0);
    get(&bench, MSR);
    cr_assert_not(line_is_high(&bench));
    bench_end(&bench);
}

Test(uart, clearing_the_fifo_drops_only_what_is_in_it)
{
    struct bench bench;
    bench_start(&bench);
    set(&bench, IIR, 1);
    bench_type(&bench, "0123456789abcdefXYZ");
    set(&bench, IIR, 3);
    cr_assert_eq(get(&bench, RBR), 'X');
    bench_end(&bench);
}

Test(uart, other_widths_and_offsets_are_access_faults)
{
    struct bench bench;
    uint64_t value;
    bench_start(&bench);
    cr_assert_not(fake_read(&bench.device, RBR, 4, &value));
    cr_assert_not(fake_read(&bench.device, 8, 1, &value));
    cr_assert_not(fake_write(&bench.device, RBR, 2, 'x'));
    cr_assert_not(fake_write(&bench.device, 0xff, 1, 'x'));
    cr_assert_eq(bench.sent_count, 0);
    bench_end(&bench);
}

Test(uart, reset_keeps_what_was_typed_and_load_refuses_nonsense)
{
    struct bench bench;
    bench_start(&bench);
    set(&bench, IER, 0x0f);
    bench_type(&bench, "xyz");
    bench.device.ops->reset(bench.device.state);
    cr_assert_not(line_is_high(&bench));
    cr_assert_eq(get(&bench, RBR), 'y', "x was in the receive register");
    struct byte_writer saved = fake_save(&bench.device);
    saved.data[0] = 0xf0; /* IER bits that do not exist */
    cr_assert_not(fake_load(&bench.device, saved.data, saved.size_bytes));
    saved.data[0] = 0;
    saved.data[20] = 17; /* more bytes than the FIFO holds */
    cr_assert_not(fake_load(&bench.device, saved.data, saved.size_bytes));
    writer_finish(&saved);
    bench_end(&bench);
}
