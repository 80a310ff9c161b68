/* SPDX-License-Identifier: GPL-2.0-or-later */
/* uart.c - ns16550a with its 16-byte FIFOs: the board's console.
 *
 * Called by the bus (registers) and by emulator/machine.c (typed bytes); calls device_env and the
 * sink.
 *
 * Invariants
 *  1. The transmitter is never busy: a byte goes to the sink when it is written, so THRE and TEMT
 *     always read as set, and the "transmitter empty" interrupt is a latch that the write sets.
 *  2. Typed bytes keep their order: backlog, then receive FIFO, then the guest. None is lost while
 *     uart_input() returns true, unless the guest itself clears its FIFO.
 *  3. The line is high exactly when IIR bit 0 ("no interrupt") would read 0.
 *
 * Source: National Semiconductor PC16550D data sheet (1995), sections 8.1 to 8.11. Registers are
 * called by the names they have there. Registers are 8 bits wide; other widths and offsets above 7
 * are access faults.
 */
#include "devices/uart.h"

#include <assert.h>
#include <string.h>

#include "devices/board.h"

#define UART_FIFO_BYTES 16u

enum uart_register {
    UART_RBR_THR_DLL = 0,
    UART_IER_DLM = 1,
    UART_IIR_FCR = 2,
    UART_LCR = 3,
    UART_MCR = 4,
    UART_LSR = 5,
    UART_MSR = 6,
    UART_SCR = 7,
};

#define IER_RECEIVE 0x01u
#define IER_TRANSMIT 0x02u
#define IER_LINE 0x04u
#define IER_MODEM 0x08u
#define IIR_NONE 0x01u
#define IIR_MODEM 0x00u
#define IIR_TRANSMIT 0x02u
#define IIR_RECEIVE 0x04u
#define IIR_LINE 0x06u
#define IIR_TIMEOUT 0x0cu
#define IIR_FIFO 0xc0u
#define FCR_ENABLE 0x01u
#define FCR_CLEAR_RECEIVE 0x02u
#define FCR_CLEAR_TRANSMIT 0x04u
#define FCR_KEPT 0xc9u /* ENABLE, DMA mode, trigger level; the clear bits reset themselves */
#define LCR_DLAB 0x80u
#define MCR_KEPT 0x1fu
#define MCR_LOOP 0x10u
#define LSR_DATA 0x01u
#define LSR_OVERRUN 0x02u
#define LSR_THRE_TEMT 0x60u
#define MSR_LINES 0xb0u /* CTS, DSR and DCD: a terminal is connected */
#define MSR_RING_BIT 0x40u

struct uart {
    const struct device_env *env;
    const struct uart_config *config;
    uint8_t ier, fcr, lcr, mcr, scr, dll, dlm;
    uint8_t lines;       /* MSR bits 7..4 */
    uint8_t lines_delta; /* MSR bits 3..0 */
    bool overrun;        /* LSR bit 1 */
    bool transmit_empty; /* latched "transmitter empty" interrupt */
    bool timeout;        /* characters have waited four character times below the trigger level */
    uint64_t timeout_ns; /* when that will be; DEVICE_NEVER: not running */
    uint8_t fifo[UART_FIFO_BYTES];
    uint32_t fifo_count;
    uint8_t backlog[UART_BACKLOG_BYTES];
    uint32_t backlog_first, backlog_count;
};

static uint32_t uart_fifo_size(const struct uart *uart)
{
    return (uart->fcr & FCR_ENABLE) != 0 ? UART_FIFO_BYTES : 1;
}

/* Bytes in the FIFO from which on "data available" is raised. */
static uint32_t uart_trigger(const struct uart *uart)
{
    static const uint8_t levels[4] = {1, 4, 8, 14};
    return (uart->fcr & FCR_ENABLE) != 0 ? levels[uart->fcr >> 6] : 1;
}

/* Four times ten bits at the programmed speed, section 8.10: the FIFO's timeout. */
static uint64_t uart_timeout_ns(const struct uart *uart)
{
    uint64_t divisor = (uint64_t)uart->dlm << 8 | uart->dll;
    if (divisor == 0)
        divisor = 1;
    return 4u * 10u * 16u * divisor * 1000000000u / BOARD_UART_CLOCK_HZ;
}

static uint8_t uart_interrupt_cause(const struct uart *uart)
{
    if ((uart->ier & IER_LINE) != 0 && uart->overrun)
        return IIR_LINE;
    if ((uart->ier & IER_RECEIVE) != 0 && uart->fifo_count >= uart_trigger(uart))
        return IIR_RECEIVE;
    if ((uart->ier & IER_RECEIVE) != 0 && uart->timeout)
        return IIR_TIMEOUT;
    if ((uart->ier & IER_TRANSMIT) != 0 && uart->transmit_empty)
        return IIR_TRANSMIT;
    if ((uart->ier & IER_MODEM) != 0 && uart->lines_delta != 0)
        return IIR_MODEM;
    return IIR_NONE;
}

/* Restart the timeout: a byte came or was read. */
static void uart_timeout_restart(struct uart *uart)
{
    uart->timeout = false;
    bool waits = (uart->fcr & FCR_ENABLE) != 0 && uart->fifo_count > 0;
    uint64_t now_ns = uart->env->now_ns(uart->env->context);
    uart->timeout_ns = waits ? now_ns + uart_timeout_ns(uart) : DEVICE_NEVER;
}

static void uart_fifo_put(struct uart *uart, uint8_t byte)
{
    if (uart->fifo_count == uart_fifo_size(uart)) {
        uart->overrun = true;
        return;
    }
    uart->fifo[uart->fifo_count++] = byte;
    uart_timeout_restart(uart);
}

static uint8_t uart_backlog_take(struct uart *uart)
{
    assert(uart->backlog_count > 0);
    uint8_t byte = uart->backlog[uart->backlog_first];
    uart->backlog_first = (uart->backlog_first + 1) % UART_BACKLOG_BYTES;
    uart->backlog_count--;
    return byte;
}

/* Let typed bytes into the FIFO while there is room (in loopback the line is cut off), then drive
 * irq. */
static void uart_update(struct uart *uart)
{
    while ((uart->mcr & MCR_LOOP) == 0 && uart->backlog_count > 0 &&
           uart->fifo_count < uart_fifo_size(uart))
        uart_fifo_put(uart, uart_backlog_take(uart));
    bool level = uart_interrupt_cause(uart) != IIR_NONE;
    uart->env->irq_set(uart->env->context, uart->env->irq, level);
}

static uint8_t uart_fifo_take(struct uart *uart)
{
    if (uart->fifo_count == 0)
        return 0;
    uint8_t byte = uart->fifo[0];
    uart->fifo_count--;
    memmove(uart->fifo, uart->fifo + 1, uart->fifo_count);
    uart_timeout_restart(uart);
    return byte;
}

bool uart_input(struct uart *uart, uint8_t byte)
{
    assert(uart->backlog_count <= UART_BACKLOG_BYTES);
    assert(uart->backlog_first < UART_BACKLOG_BYTES);
    if (uart->backlog_count == UART_BACKLOG_BYTES)
        return false;
    uart->backlog[(uart->backlog_first + uart->backlog_count) % UART_BACKLOG_BYTES] = byte;
    uart->backlog_count++;
    uart_update(uart);
    return true;
}

bool uart_input_take(struct uart *uart, uint8_t *byte)
{
    assert(byte != NULL);
    bool looped = (uart->mcr & MCR_LOOP) != 0;
    if (!looped && uart->fifo_count > 0)
        *byte = uart_fifo_take(uart);
    else if (uart->backlog_count > 0)
        *byte = uart_backlog_take(uart);
    else
        return false;
    uart_update(uart);
    return true;
}

/* Modem lines: from the terminal, or in loopback from MCR (section 8.6: RTS to CTS, DTR to DSR,
 * OUT1 to RI, OUT2 to DCD). */
static void uart_lines_update(struct uart *uart)
{
    uint8_t lines = MSR_LINES;
    if ((uart->mcr & MCR_LOOP) != 0)
        lines = (uint8_t)((uart->mcr & 0x0cu) << 4 | (uart->mcr & 0x02u) << 3 |
                          (uart->mcr & 0x01u) << 5);
    uint8_t changed = (uint8_t)((lines ^ uart->lines) >> 4);
    bool ring_fell = (uart->lines & MSR_RING_BIT) != 0 && (lines & MSR_RING_BIT) == 0;
    uart->lines_delta = (uint8_t)(uart->lines_delta | (changed & 0x0bu) | (ring_fell ? 0x04u : 0));
    uart->lines = lines;
}

static void uart_fifo_control(struct uart *uart, uint8_t value)
{
    bool toggled = ((value ^ uart->fcr) & FCR_ENABLE) != 0;
    uart->fcr = (value & FCR_ENABLE) != 0 ? value & FCR_KEPT : 0;
    if (toggled || (value & FCR_CLEAR_RECEIVE) != 0) {
        uart->fifo_count = 0;
        uart_timeout_restart(uart);
    }
    /* Cleared, the transmitter's FIFO is empty, and says so (section 8.6, and as QEMU). */
    if (toggled || (value & FCR_CLEAR_TRANSMIT) != 0)
        uart->transmit_empty = true;
}

static void uart_transmit(struct uart *uart, uint8_t byte)
{
    uart->transmit_empty = true;
    if ((uart->mcr & MCR_LOOP) != 0)
        uart_fifo_put(uart, byte);
    else if (uart->config->sink.put != NULL)
        uart->config->sink.put(uart->config->sink.context, &byte, 1);
}

static uint8_t uart_register_read(struct uart *uart, uint64_t offset)
{
    bool divisor = (uart->lcr & LCR_DLAB) != 0;
    uint8_t value = 0;
    switch (offset) {
    case UART_RBR_THR_DLL:
        return divisor ? uart->dll : uart_fifo_take(uart);
    case UART_IER_DLM:
        return divisor ? uart->dlm : uart->ier;
    case UART_IIR_FCR:
        value = uart_interrupt_cause(uart);
        if (value == IIR_TRANSMIT)
            uart->transmit_empty = false;
        return (uart->fcr & FCR_ENABLE) != 0 ? value | IIR_FIFO : value;
    case UART_LCR:
        return uart->lcr;
    case UART_MCR:
        return uart->mcr;
    case UART_LSR:
        value = (uint8_t)(LSR_THRE_TEMT | (uart->overrun ? LSR_OVERRUN : 0) |
                          (uart->fifo_count > 0 ? LSR_DATA : 0));
        uart->overrun = false;
        return value;
    case UART_MSR:
        value = uart->lines | uart->lines_delta;
        uart->lines_delta = 0;
        return value;
    default:
        assert(offset == UART_SCR);
        return uart->scr;
    }
}

static void uart_register_write(struct uart *uart, uint64_t offset, uint8_t value)
{
    bool divisor = (uart->lcr & LCR_DLAB) != 0;
    switch (offset) {
    case UART_RBR_THR_DLL:
        if (divisor)
            uart->dll = value;
        else
            uart_transmit(uart, value);
        break;
    case UART_IER_DLM:
        if (divisor) {
            uart->dlm = value;
            break;
        }
        /* Enabling the interrupt with an empty transmitter raises it at once (section 8.7). */
        if ((value & IER_TRANSMIT) != 0 && (uart->ier & IER_TRANSMIT) == 0)
            uart->transmit_empty = true;
        uart->ier = value & 0x0fu;
        break;
    case UART_IIR_FCR:
        uart_fifo_control(uart, value);
        break;
    case UART_LCR:
        uart->lcr = value;
        break;
    case UART_MCR:
        uart->mcr = value & MCR_KEPT;
        uart_lines_update(uart);
        break;
    case UART_SCR:
        uart->scr = value;
        break;
    default: /* LSR and MSR are read-only */
        assert(offset == UART_LSR || offset == UART_MSR);
        break;
    }
}

static bool uart_read(void *state, uint64_t offset, unsigned size_bytes, uint64_t *value)
{
    struct uart *uart = state;
    if (size_bytes != 1 || offset > UART_SCR)
        return false;
    *value = uart_register_read(uart, offset);
    uart_update(uart);
    return true;
}

static bool uart_write(void *state, uint64_t offset, unsigned size_bytes, uint64_t value)
{
    struct uart *uart = state;
    if (size_bytes != 1 || offset > UART_SCR)
        return false;
    uart_register_write(uart, offset, (uint8_t)value);
    uart_update(uart);
    return true;
}

static void uart_init(void *state, const struct device_env *env, const void *config)
{
    struct uart *uart = state;
    assert(env != NULL);
    assert(config != NULL);
    uart->env = env;
    uart->config = config;
    uart->lines = MSR_LINES;
    uart->transmit_empty = true;
    uart->timeout_ns = DEVICE_NEVER;
}

/* What was typed stays typed: only the registers and the FIFO are reset. */
static void uart_reset(void *state)
{
    struct uart *uart = state;
    uart->ier = uart->fcr = uart->lcr = uart->mcr = uart->scr = uart->dll = uart->dlm = 0;
    uart->lines = MSR_LINES;
    uart->lines_delta = 0;
    uart->overrun = uart->timeout = false;
    uart->transmit_empty = true;
    uart->timeout_ns = DEVICE_NEVER;
    uart->fifo_count = 0;
    uart_update(uart);
}

static uint64_t uart_deadline_ns(const void *state)
{
    const struct uart *uart = state;
    return uart->timeout_ns;
}

static void uart_tick(void *state)
{
    struct uart *uart = state;
    if (uart->env->now_ns(uart->env->context) >= uart->timeout_ns) {
        uart->timeout = true;
        uart->timeout_ns = DEVICE_NEVER;
    }
    uart_update(uart);
}

static void uart_save(const void *state, struct byte_writer *writer)
{
    const struct uart *uart = state;
    const uint8_t registers[] = {uart->ier, uart->fcr, uart->lcr,   uart->mcr,        uart->scr,
                                 uart->dll, uart->dlm, uart->lines, uart->lines_delta};
    write_bytes(writer, registers, sizeof(registers));
    write_u8(writer, uart->overrun);
    write_u8(writer, uart->transmit_empty);
    write_u8(writer, uart->timeout);
    write_u64(writer, uart->timeout_ns);
    write_u32(writer, uart->fifo_count);
    write_bytes(writer, uart->fifo, uart->fifo_count);
    write_u32(writer, uart->backlog_count);
    for (uint32_t index = 0; index < uart->backlog_count; index++)
        write_u8(writer, uart->backlog[(uart->backlog_first + index) % UART_BACKLOG_BYTES]);
}

static void uart_load_registers(struct uart *uart, struct byte_reader *reader)
{
    uint8_t *const registers[] = {&uart->ier, &uart->fcr,   &uart->lcr,
                                  &uart->mcr, &uart->scr,   &uart->dll,
                                  &uart->dlm, &uart->lines, &uart->lines_delta};
    for (size_t index = 0; index < sizeof(registers) / sizeof(registers[0]); index++)
        *registers[index] = read_u8(reader);
    if ((uart->ier & ~0x0fu) != 0 || (uart->fcr & ~FCR_KEPT) != 0 || (uart->mcr & ~MCR_KEPT) != 0)
        reader_fail(reader);
    if ((uart->lines & 0x0fu) != 0 || (uart->lines_delta & 0xf0u) != 0)
        reader_fail(reader);
    bool *const flags[] = {&uart->overrun, &uart->transmit_empty, &uart->timeout};
    for (size_t index = 0; index < sizeof(flags) / sizeof(flags[0]); index++) {
        uint8_t value = read_u8(reader);
        if (value > 1)
            reader_fail(reader);
        *flags[index] = value == 1;
    }
    uart->timeout_ns = read_u64(reader);
}

static void uart_load(void *state, struct byte_reader *reader)
{
    struct uart *uart = state;
    struct uart loaded = {.env = uart->env, .config = uart->config};
    uart_load_registers(&loaded, reader);
    loaded.fifo_count = read_u32(reader);
    if (loaded.fifo_count > uart_fifo_size(&loaded)) {
        reader_fail(reader);
        return;
    }
    read_bytes(reader, loaded.fifo, loaded.fifo_count);
    loaded.backlog_count = read_u32(reader);
    if (loaded.backlog_count > UART_BACKLOG_BYTES) {
        reader_fail(reader);
        return;
    }
    read_bytes(reader, loaded.backlog, loaded.backlog_count);
    if (!reader->failed)
        *uart = loaded;
}

const struct device_ops uart_ops = {
    .name = "uart",
    .compatible = "ns16550a",
    .state_bytes = sizeof(struct uart),
    .init = uart_init,
    .reset = uart_reset,
    .read = uart_read,
    .write = uart_write,
    .deadline_ns = uart_deadline_ns,
    .tick = uart_tick,
    .save = uart_save,
    .load = uart_load,
};
