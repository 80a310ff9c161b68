/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_board.h - our own device models under the kernel's drivers, natively: register accesses go
 * to the models, their transfers to the drivers' memory (physical addresses are the host's own),
 * their interrupts through the model of the PLIC to driver_interrupt().
 *
 * A test may put itself in a device's place, to be a device that does everything wrong.
 *
 * One board a process: Criterion runs every test in its own.
 */
#ifndef LATCHKEY_TESTS_KERNEL_BOARD_H
#define LATCHKEY_TESTS_KERNEL_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "devices/board_table.h"
#include "devices/disk.h"

#define BOARD_DISK_SECTORS 4096u
#define BOARD_CALENDAR_NS 1700000000000000000ull /* at power-on */

/* What is in the slots. */
struct kernel_board {
    unsigned disk_count;
    bool disk_write_through, disk_read_only;
    enum disk_timing disk_timing;
    uint32_t screen_width, screen_height; /* 0: no screen */
    bool keyboard, tablet;
    bool no_uart, no_plic, no_rtc, no_trace; /* not in the device tree */
};

/* board_start - power the models on and call driver_init(). */
void board_start(const struct kernel_board *board);
/* board_state - the state of a model. */
void *board_state(enum board_index index);
/* board_media - the bytes of a disk. */
uint8_t *board_media(unsigned disk);
/* board_pass - so much time passes; interrupts are taken as they come. */
void board_pass(uint64_t time_ns);
/* board_interrupts - false: they are held back until it is true again. */
void board_interrupts(bool on);

/* board_deaf - the console key has no room: it tells the uart, and reads nothing until told. */
void board_deaf(bool deaf);

/* What the drivers told the device keys, and the outside. */
struct board_seen {
    unsigned console_received, input_received, display_finished;
    unsigned interrupts; /* calls of driver_interrupt() */
    uint32_t trace_kind;
    uint64_t trace_argument;
    char shown[256];   /* by the console, ended by 0 */
    char typed[256];   /* what the console key took, ended by 0 */
    char kernel[4096]; /* the kernel's own lines */
};
const struct board_seen *board_seen(void);

/* board_replace - from now on a test answers for a device's registers, and drives its line. */
struct board_double {
    uint64_t (*read)(void *context, uint64_t offset, unsigned size_bytes);
    void (*write)(void *context, uint64_t offset, unsigned size_bytes, uint64_t value);
    void *context;
};
void board_replace(enum board_index index, const struct board_double *substitute);
void board_line(enum board_index index, bool level);

#endif
