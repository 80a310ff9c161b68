/* SPDX-License-Identifier: GPL-2.0-or-later */
/* machine_state.h - struct machine itself. Private to machine.c (running), machine_disks.c
 * (its disks), machine_save.c (saving) and machine_outside.c (what comes from outside). */
#ifndef LATCHKEY_EMULATOR_MACHINE_STATE_H
#define LATCHKEY_EMULATOR_MACHINE_STATE_H

#include "devices/finisher.h"
#include "devices/plic.h"
#include "devices/rtc.h"
#include "devices/trace_port.h"
#include "devices/uart.h"
#include "devices/virtio_gpu.h"
#include "devices/virtio_input.h"
#include "emulator/bus.h"
#include "emulator/cpu.h"
#include "emulator/input_queue.h"
#include "emulator/loader.h"
#include "emulator/machine.h"
#include "emulator/media.h"
#include "emulator/sbi.h"
#include "emulator/watch.h"

/* What the devices were made with; they refer to it as long as they live. */
struct device_configs {
    struct finisher_config finisher;
    struct plic_config plic;
    struct trace_port_config trace;
    struct uart_config uart;
    struct rtc_config rtc;
    struct virtio_gpu_config gpu;
    struct virtio_input_config keyboard, tablet;
    struct disk_config disks[BOARD_DISK_COUNT_MAX];
};

/* Between a disk and the observer that somebody gave it. */
struct machine_tap {
    struct machine *machine;
    unsigned disk;
    struct disk_observer observer;
    const struct disk_observer *next; /* NULL: none */
};

struct machine {
    /* What it was made from; never changes. */
    struct machine_config config; /* strings are owned copies */
    char *strings[3 + 2 * BOARD_DISK_COUNT_MAX]; /* those copies */
    unsigned string_count;
    uint64_t clock_hz;
    struct sbi_host sbi;

    /* Its parts. */
    struct cpu *cpu;
    struct bus bus;
    struct media media[BOARD_DISK_COUNT_MAX];
    struct machine_tap taps[BOARD_DISK_COUNT_MAX];
    uint64_t writes[BOARD_DISK_COUNT_MAX]; /* that each disk has taken; not saved */
    struct device_configs device_configs;
    struct input_queue inputs;

    /* Saved state of its own. */
    uint64_t timer_cycle; /* when the timer interrupt is due; CLOCK_NEVER: not set */
    uint64_t generation;  /* newest that the trace port told of */
    uint32_t phase;       /* enum trace_phase; 0: none */
    uint64_t panic_addr;  /* where the kernel said that it stops (not saved: for people); 0 */
    bool ended;           /* the guest asked for power-off or reset, and had neither yet */
    struct machine_stop end; /* ended: how */

    /* The present machine_run(), and what was printed before it. */
    struct watch watch;
    uint64_t until_cycle; /* of until.cycles and until.time_ns, the earlier */
    struct machine_stop stop;
    bool stopping;

    enum machine_arrival arrival;
    struct machine_listener listener; /* heard NULL: nobody */
    struct machine_probe probe;       /* of who draws pictures; members NULL: nobody */
};

/* machine_go - machine_run(), also when until's time has come: to the next place where what is due
 * then happens. */
struct machine_stop machine_go(struct machine *machine, const struct machine_until *until);

/* machine_tell - the listener, if there is one. */
void machine_tell(struct machine *machine, const struct machine_act *act);

/* machine_line_set - as cpu_irq_set(); the probe is told. */
void machine_line_set(struct machine *machine, uint32_t mask, bool level);

/* machine_deadline_renew - tell the cpu when something is due next. */
void machine_deadline_renew(struct machine *machine);

/* machine_write_taken - a write is in the cache of a disk. */
void machine_write_taken(struct machine *machine, unsigned disk);

/* machine_disks_open - the media of all disks, as machine->config says, and what their devices are
 * made with. machine_disks_damage - the faults that they have from power-on; after the devices. */
MUST_CHECK bool machine_disks_open(struct machine *machine, struct error *error);
MUST_CHECK bool machine_disks_damage(struct machine *machine, const struct machine_config *config,
                                     struct error *error);

/* machine_ram_clear - zero RAM from offset on. Pages that the host has not given yet stay so. */
void machine_ram_clear(struct machine *machine, uint64_t offset, uint64_t size_bytes);

#endif
