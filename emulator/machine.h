/* SPDX-License-Identifier: GPL-2.0-or-later */
/* machine.h - the whole machine: read this first.
 *
 * struct machine owns the cpu, the bus, the devices, the disks and the clock. frontend, bench and
 * tests drive it through this header only; nothing here prints, sleeps, or reads the host clock.
 *
 * Invariants
 *  1. A run is a function of (kernel, disk images, configuration, seed, input events with their
 *     positions): equal inputs give equal machine_digest() at equal instruction counts, on any
 *     host.
 *  2. All outside input enters through machine_input(), stamped with a virtual time.
 *  3. Machines in one process are independent.
 */
#ifndef LATCHKEY_EMULATOR_MACHINE_H
#define LATCHKEY_EMULATOR_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "devices/board.h"
#include "devices/device.h"
#include "devices/disk.h"
#include "emulator/base/error.h"
#include "emulator/base/pack.h"
#include "emulator/power.h"
#include "emulator/timing.h"

struct machine;

struct machine_disk {
    const char *path;    /* raw image */
    /* NULL: write the image itself; else changes go to this file (disk_file.h) */
    const char *overlay;
    enum disk_timing timing;
    bool write_through, read_only;
    /* Media that are no file: path is only a name then. NULL: the file at path. Both must outlive
     * the machine. */
    const struct disk_store *media;
    const struct disk_observer *observer; /* NULL: none */
};

/* A disk that is not what it should be, from power-on or from a virtual time on. */
struct machine_fault {
    unsigned disk; /* index into disks */
    struct disk_fault fault;
};

#define MACHINE_RAM_BYTES_DEFAULT (64ull << 20)

struct machine_config {
    uint64_t ram_bytes; /* 0: MACHINE_RAM_BYTES_DEFAULT */
    uint64_t seed;
    uint64_t clock_hz; /* 0: 100 MHz */
    enum timing_model timing;
    const char *kernel_path; /* ELF or Image; required */
    const char *initrd_path, *append; /* NULL: none */
    struct machine_disk disks[BOARD_DISK_COUNT_MAX];
    unsigned disk_count;
    const struct machine_fault *faults; /* read by machine_create() only */
    unsigned fault_count;
    uint32_t display_width, display_height; /* 0: 1024 x 768 */
    bool amnesia, check;         /* kernel debug knobs, in /chosen of the device tree */
    bool step_mode, slow_stores; /* see cpu.h; results are the same */
    uint64_t recycle_bytes;      /* see cpu.h; results are the same */
    struct console_sink console; /* put may be NULL */
};

/* machine_create - build and load a machine, ready to run at power-on.
 *
 * config   read during the call only; strings and paths are copied where kept.
 * Errors   IO file missing or unreadable, overlay full; FORMAT kernel or image malformed;
 *          LIMIT a number out of range; UNSUPPORTED the engine cannot be used.
 */
MUST_CHECK bool machine_create(struct machine **machine, const struct machine_config *config,
                               struct error *error);
void machine_destroy(struct machine *machine); /* flushes and closes the disks; NULL is fine */

/* machine_flush - an orderly end: move the disks' caches to the media, and sync. Takes no virtual
 * time. machine_destroy() does the same, but cannot say what went wrong.
 *
 * Errors   ERROR_IO the host refused (full, or failing).
 */
MUST_CHECK bool machine_flush(struct machine *machine, struct error *error);

enum machine_stop_reason {
    MACHINE_STOP_POWER_OFF, /* finisher or SBI system reset; code is the guest's exit code */
    MACHINE_STOP_RESET,     /* the guest asked for a reboot */
    MACHINE_STOP_POWER_CUT, /* machine_power_cut(), and no machine_reset() since */
    MACHINE_STOP_INSTRUCTIONS,
    MACHINE_STOP_CYCLES,
    MACHINE_STOP_TIME,
    MACHINE_STOP_CONSOLE, /* the console text was printed */
    MACHINE_STOP_TRACE,   /* the trace port announced until->trace_kind (and argument, if asked) */
    MACHINE_STOP_PHASE,   /* it announced that one of until->phases begins */
    MACHINE_STOP_GENERATION, /* it announced until->generation or a later one */
    MACHINE_STOP_WRITE,   /* disks have taken until->writes */
    MACHINE_STOP_IDLE,    /* waiting for an interrupt that only outside input can cause */
    MACHINE_STOP_DEBUG,   /* cpu_debug_hit() */
    MACHINE_STOP_FAULT,   /* machine_fault_text() */
};

#define MACHINE_UNTIL_TEXT_BYTES 256u /* of a console text, NUL included */
#define MACHINE_UNTIL_TEXTS_MORE 7u

/* When to stop; the first that holds wins. Begin with machine_until_never(). */
struct machine_until {
    uint64_t instructions; /* exact; UINT64_MAX: never */
    uint64_t cycles;       /* at the first block start at or after; UINT64_MAX: never */
    uint64_t time_ns;      /* virtual; idle time is skipped up to it; UINT64_MAX: never */
    /* A text that is printed, in this run or from a run before into this one. NULL: never. */
    const char *console;
    const char *console_more[MACHINE_UNTIL_TEXTS_MORE]; /* others, up to the first NULL */
    uint32_t trace_kind;     /* enum trace_kind; 0: never */
    uint64_t trace_argument; /* UINT64_MAX: any */
    uint32_t phases;         /* bit n: enum trace_phase n begins */
    uint64_t generation;     /* committed, or restarted from; UINT64_MAX: never */
    uint64_t writes;     /* that are in the cache of write_disk, or were; UINT64_MAX: never */
    unsigned write_disk; /* BOARD_DISK_COUNT_MAX: all of them together */
};
struct machine_until machine_until_never(void);

struct machine_stop {
    enum machine_stop_reason reason;
    int code; /* of MACHINE_STOP_POWER_OFF */
};
/* machine_run - go on until something of `until` happens, or the guest ends its run. A machine
 * whose guest asked for power-off or reset runs no further: it says so again, until machine_reset()
 * or the load of another state. */
struct machine_stop machine_run(struct machine *machine, const struct machine_until *until);
const char *machine_fault_text(const struct machine *machine);
/* machine_reset - the guest asked for a reboot: CPU and devices to power-on, kernel loaded again.
 */
MUST_CHECK bool machine_reset(struct machine *machine, struct error *error);
/* machine_power_cut - the power fails: the disks keep on their media what the cut says, everything
 * else is lost, and the machine is off until machine_reset(), which restores the power. Virtual
 * time and the counts go on from where they were.
 *
 * Errors   ERROR_IO the host could not read or write a disk's media.
 */
MUST_CHECK bool machine_power_cut(struct machine *machine, const struct power_cut *cut,
                                  struct error *error);

/* machine_disk_fault - from its time on, this is so, also after a reset or power cut.
 *
 * Errors   ERROR_LIMIT there is no such disk, sector or bit, or too many faults.
 */
MUST_CHECK bool machine_disk_fault(struct machine *machine, const struct machine_fault *fault,
                                   struct error *error);
/* machine_media - what a disk's media holds, for who looks from outside with disk_store_peek(): no
 * fault is in the way. NULL: there is no such disk. */
const struct disk_store *machine_media(const struct machine *machine, unsigned disk);
/* machine_disk_repair - all faults of a disk are over; what is on its media stays. */
void machine_disk_repair(struct machine *machine, unsigned disk);

enum machine_input_kind { INPUT_CONSOLE, INPUT_KEY, INPUT_POINTER, INPUT_BUTTON, INPUT_WHEEL };
struct machine_input {
    uint64_t time_ns; /* delivered when virtual time reaches it; in the past means now */
    enum machine_input_kind kind;
    /* CONSOLE: the byte; KEY, BUTTON: Linux input code (KEY_A = 30, BTN_LEFT = 0x110) */
    uint16_t code;
    int32_t x, y;  /* POINTER: 0..32767 across the screen; WHEEL: y steps */
    bool down;     /* KEY, BUTTON */
};
/* machine_input - queue an outside event. false when the queue (4096) is full. */
bool machine_input(struct machine *machine, const struct machine_input *input);

/* The screen as the guest last flushed it: 32-bit x8r8g8b8, row after row. pixels is NULL until a
 * scanout is set. serial grows with every change. Valid until the next machine_run(). */
struct machine_display {
    const uint32_t *pixels;
    uint32_t width, height, stride_pixels;
    uint64_t serial;
};
struct machine_display machine_display(const struct machine *machine);

/* Where a run stands. Two of these differ in cycles, or nothing happened between them. */
enum machine_arrival {
    ARRIVAL_NONE,        /* it has not run yet */
    ARRIVAL_INSTRUCTION, /* after that instruction, before anything else */
    ARRIVAL_CYCLE,       /* at a block start, or waiting; what was due by then has happened */
    ARRIVAL_IDLE,        /* waiting, and nothing was due */
    ARRIVAL_END,         /* the guest ended its run */
    ARRIVAL_COUNT
};
struct machine_position {
    uint64_t instructions, events, cycles;
    enum machine_arrival arrival; /* how the newest machine_run() that ran came here */
};
struct machine_position machine_position(const struct machine *machine);
/* machine_arrive - run to a position that a run of an equal machine came to: as it was there.
 *
 * until    what else to stop for, if it comes first. Not later than the position, its cycles and
 *          time are of no effect.
 * Returns  why it stopped; it may be elsewhere when the machines are not equal.
 */
struct machine_stop machine_arrive(struct machine *machine, const struct machine_position *position,
                                   const struct machine_until *until);
/* machine_at - does the machine stand there? */
bool machine_at(const struct machine *machine, const struct machine_position *position);

/* What comes from outside, after power-on. */
enum machine_act_kind { ACT_INPUT, ACT_CUT, ACT_RESET, ACT_FAULT, ACT_REPAIR, ACT_FLUSH };
struct machine_act {
    enum machine_act_kind kind;
    const struct machine_input *input;
    const struct power_cut *cut;
    const struct machine_fault *fault;
    unsigned disk; /* ACT_REPAIR */
};
/* Who is told of every act, once it is done, at the position where it was. */
struct machine_listener {
    void *context;
    void (*heard)(void *context, const struct machine_act *act);
};
/* machine_listen - from now on; copied. NULL: nobody. */
void machine_listen(struct machine *machine, const struct machine_listener *listener);

/* Who is told, as it happens, of what goes on inside, between machine_run() and its return: for
 * pictures of a run. Nothing flows back. Members may be NULL. */
struct machine_probe {
    void *context;
    void (*announced)(void *context, uint32_t kind, uint64_t argument); /* by the trace port */
    void (*device_line)(void *context, uint32_t irq, bool level);       /* into the PLIC */
    void (*hart_lines)(void *context, uint32_t mask, bool level);       /* CPU_IRQ_* */
    void (*disk_begun)(void *context, unsigned disk, const struct disk_request *request);
    void (*disk_ended)(void *context, unsigned disk, const struct disk_request *request,
                       bool good);
};
/* machine_probe_set - from now on; copied. NULL: nobody. */
void machine_probe_set(struct machine *machine, const struct machine_probe *probe);

/* Positions and figures. */
uint64_t machine_instructions(const struct machine *machine);
uint64_t machine_cycles(const struct machine *machine);
uint64_t machine_time_ns(const struct machine *machine);
uint64_t machine_clock_hz(const struct machine *machine);
/* machine_digest - of the whole state: RAM, CPU, devices, disks' caches and media writes, clock,
 * queue. */
struct digest machine_digest(struct machine *machine);

struct machine_stats {
    uint64_t instructions, events, cycles, virtual_time_ns;
    uint64_t traps, interrupts, sbi_calls, device_accesses, recycles, blocks_translated;
    enum timing_model timing;
    struct timing_counts timing_counts;
    uint64_t generation; /* newest TRACE_COMMITTED or TRACE_RESTARTED argument */
    uint32_t phase;      /* enum trace_phase, 0: none */
    uint64_t panic_addr; /* where the kernel said that it stops; 0: it did not */
    bool fast_stores;
    unsigned disk_count;
    struct disk_counters disks[BOARD_DISK_COUNT_MAX];
};
/* machine_phase_name - "freeze", ...; "" for 0, no phase. */
const char *machine_phase_name(uint32_t phase);
/* machine_phase_find - the phase with this name. false: there is none. */
bool machine_phase_find(const char *name, uint32_t *phase);
/* machine_writes - that a disk, or all (BOARD_DISK_COUNT_MAX), has taken since the machine was
 * made; not a part of the saved state. */
uint64_t machine_writes(const struct machine *machine, unsigned disk);
struct machine_stats machine_stats(const struct machine *machine);

/* machine_save, machine_load - the whole state but the disk media (which the image or overlay
 * holds). load wants a machine made from the same configuration; ERROR_FORMAT otherwise. */
void machine_save(struct machine *machine, struct byte_writer *writer);
MUST_CHECK bool machine_load(struct machine *machine, struct byte_reader *reader,
                             struct error *error);
/* machine_rewind - as machine_load, and quicker afterwards where RAM is what it was: code there is
 * not translated again. The same state. */
MUST_CHECK bool machine_rewind(struct machine *machine, struct byte_reader *reader,
                               struct error *error);

/* machine_state_save, machine_state_rewind - the same without RAM, for who keeps that apart: he
 * calls cpu_ram_written() where RAM is not what it was. arrival: that of the position where it was
 * saved. */
void machine_state_save(struct machine *machine, struct byte_writer *writer);
MUST_CHECK bool machine_state_rewind(struct machine *machine, struct byte_reader *reader,
                                     enum machine_arrival arrival, struct error *error);
/* machine_arrival_set - after a load of what was saved at a position with this arrival. */
void machine_arrival_set(struct machine *machine, enum machine_arrival arrival);

/* machine_cpu - for debuggers and tests. */
struct cpu;
struct cpu *machine_cpu(struct machine *machine);

#endif
