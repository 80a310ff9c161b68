/* SPDX-License-Identifier: GPL-2.0-or-later */
/* export_vcd.c - events as a value change dump (IEEE 1364-2005, clause 18), for gtkwave and its
 * like. Called through export_events.h. Times are nanoseconds, rounded down. */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/memory.h"
#include "emulator/base/text.h"
#include "emulator/clock.h"
#include "emulator/export_events.h"

enum signal {
    SIGNAL_UART,
    SIGNAL_RTC,
    SIGNAL_BLOCK_0, /* one for each disk */
    SIGNAL_GPU = SIGNAL_BLOCK_0 + BOARD_DISK_COUNT_MAX,
    SIGNAL_KEYBOARD,
    SIGNAL_TABLET,
    SIGNAL_SOFTWARE,
    SIGNAL_TIMER,
    SIGNAL_EXTERNAL,
    SIGNAL_REQUESTS_0, /* one for each disk: requests in flight */
    SIGNAL_PHASE = SIGNAL_REQUESTS_0 + BOARD_DISK_COUNT_MAX,
    SIGNAL_KERNEL,
    SIGNAL_WAIT,
    SIGNAL_DOMAIN,
    SIGNAL_COUNT
};

struct signal_kind {
    const char *scope, *name;
    unsigned bits;
};

static const struct signal_kind signals[SIGNAL_COUNT] = {
    [SIGNAL_UART] = {"devices", "uart", 1},
    [SIGNAL_RTC] = {"devices", "rtc", 1},
    [SIGNAL_BLOCK_0] = {"devices", "disk0", 1},
    [SIGNAL_BLOCK_0 + 1] = {"devices", "disk1", 1},
    [SIGNAL_BLOCK_0 + 2] = {"devices", "disk2", 1},
    [SIGNAL_BLOCK_0 + 3] = {"devices", "disk3", 1},
    [SIGNAL_GPU] = {"devices", "gpu", 1},
    [SIGNAL_KEYBOARD] = {"devices", "keyboard", 1},
    [SIGNAL_TABLET] = {"devices", "tablet", 1},
    [SIGNAL_SOFTWARE] = {"hart", "software", 1},
    [SIGNAL_TIMER] = {"hart", "timer", 1},
    [SIGNAL_EXTERNAL] = {"hart", "external", 1},
    [SIGNAL_REQUESTS_0] = {"disks", "requests0", 8},
    [SIGNAL_REQUESTS_0 + 1] = {"disks", "requests1", 8},
    [SIGNAL_REQUESTS_0 + 2] = {"disks", "requests2", 8},
    [SIGNAL_REQUESTS_0 + 3] = {"disks", "requests3", 8},
    [SIGNAL_PHASE] = {"kernel", "phase", 4},
    [SIGNAL_KERNEL] = {"kernel", "supervisor", 1},
    [SIGNAL_WAIT] = {"kernel", "wait", 1},
    [SIGNAL_DOMAIN] = {"kernel", "domain", 48},
};
static_assert(BOARD_DISK_COUNT_MAX == 4, "the names above");

struct change {
    uint64_t cycle, value;
    size_t order; /* of those in one cycle */
    unsigned signal;
};

struct changes {
    struct change *changes;
    size_t count, capacity;
    uint64_t requests[BOARD_DISK_COUNT_MAX];
};

static void change_add(struct changes *changes, uint64_t cycle, unsigned signal, uint64_t value)
{
    assert(signal < SIGNAL_COUNT);
    changes->changes = memory_grow(changes->changes, changes->count, &changes->capacity,
                                   sizeof(*changes->changes));
    changes->changes[changes->count] = (struct change){
        .cycle = cycle, .value = value, .order = changes->count, .signal = signal};
    changes->count++;
}

/* SIGNAL_COUNT: a line that has no name. */
static unsigned signal_of_irq(uint32_t irq)
{
    uint32_t slot = irq - BOARD_VIRTIO_IRQ;
    if (irq == BOARD_UART_IRQ)
        return SIGNAL_UART;
    if (irq == BOARD_RTC_IRQ)
        return SIGNAL_RTC;
    if (slot < BOARD_DISK_COUNT_MAX)
        return SIGNAL_BLOCK_0 + slot;
    return slot == BOARD_VIRTIO_SLOT_GPU        ? SIGNAL_GPU
           : slot == BOARD_VIRTIO_SLOT_KEYBOARD ? SIGNAL_KEYBOARD
           : slot == BOARD_VIRTIO_SLOT_TABLET   ? SIGNAL_TABLET
                                                : SIGNAL_COUNT;
}

static void lines_add(struct changes *changes, const struct export_event *event)
{
    static const struct {
        uint32_t mask;
        unsigned signal;
    } hart[] = {{CPU_IRQ_SOFT, SIGNAL_SOFTWARE},
                {CPU_IRQ_TIMER, SIGNAL_TIMER},
                {CPU_IRQ_EXTERNAL, SIGNAL_EXTERNAL}};
    for (size_t i = 0; i < sizeof(hart) / sizeof(hart[0]); i++)
        if (event->line.number & hart[i].mask)
            change_add(changes, event->from, hart[i].signal, event->line.level);
}

static void requests_add(struct changes *changes, const struct export_event *event, bool begun)
{
    uint64_t *requests = &changes->requests[event->disk.disk];
    if (begun)
        ++*requests;
    else if (*requests > 0)
        --*requests;
    change_add(changes, event->from, SIGNAL_REQUESTS_0 + event->disk.disk, *requests);
}

static void event_add(struct changes *changes, const struct export_event *event)
{
    uint64_t argument = event->announced.argument;
    unsigned signal;
    switch (event->kind) {
    case EVENT_USER:
        change_add(changes, event->from, SIGNAL_KERNEL, 0);
        change_add(changes, event->from, SIGNAL_DOMAIN, event->domain);
        break;
    case EVENT_KERNEL:
        change_add(changes, event->from, SIGNAL_KERNEL, 1);
        change_add(changes, event->from, SIGNAL_DOMAIN, event->domain);
        break;
    case EVENT_WAIT:
        change_add(changes, event->from, SIGNAL_WAIT, 1);
        change_add(changes, event->to, SIGNAL_WAIT, 0);
        break;
    case EVENT_ANNOUNCED:
        if (event->announced.kind == TRACE_PHASE_ENTER && argument < TRACE_PHASE_COUNT)
            change_add(changes, event->from, SIGNAL_PHASE, argument);
        if (event->announced.kind == TRACE_PHASE_LEAVE)
            change_add(changes, event->from, SIGNAL_PHASE, 0);
        break;
    case EVENT_DEVICE_LINE:
        signal = signal_of_irq(event->line.number);
        if (signal < SIGNAL_COUNT)
            change_add(changes, event->from, signal, event->line.level);
        break;
    case EVENT_HART_LINES:
        lines_add(changes, event);
        break;
    case EVENT_DISK_BEGUN:
    case EVENT_DISK_ENDED:
        requests_add(changes, event, event->kind == EVENT_DISK_BEGUN);
        break;
    }
}

static int change_compare(const void *left, const void *right)
{
    const struct change *one = left, *other = right;
    if (one->cycle != other->cycle)
        return one->cycle < other->cycle ? -1 : 1;
    return one->order < other->order ? -1 : one->order > other->order;
}

static void value_add(unsigned signal, uint64_t value, struct byte_writer *text)
{
    char digits[65];
    unsigned count = 0;
    if (signals[signal].bits == 1) {
        text_add(text, "%u%c\n", value != 0, '!' + (int)signal);
        return;
    }
    for (unsigned bit = signals[signal].bits; bit-- > 0;)
        if (value >> bit & 1 || count || bit == 0)
            digits[count++] = value >> bit & 1 ? '1' : '0';
    digits[count] = '\0';
    text_add(text, "b%s %c\n", digits, '!' + (int)signal);
}

static void head_add(struct byte_writer *text)
{
    const char *scope = "";
    text_add(text, "$version latchkey $end\n$timescale 1 ns $end\n");
    for (unsigned i = 0; i < SIGNAL_COUNT; i++) {
        bool same = strcmp(signals[i].scope, scope) == 0;
        if (!same && *scope)
            text_add(text, "$upscope $end\n");
        if (!same)
            text_add(text, "$scope module %s $end\n", signals[i].scope);
        scope = signals[i].scope;
        text_add(text, "$var wire %u %c %s $end\n", signals[i].bits, '!' + (int)i,
                 signals[i].name);
    }
    text_add(text, "$upscope $end\n$enddefinitions $end\n#0\n$dumpvars\n");
    for (unsigned i = 0; i < SIGNAL_COUNT; i++)
        value_add(i, 0, text);
    text_add(text, "$end\n");
}

void export_vcd(const struct export_events *events, struct byte_writer *text)
{
    struct changes changes = {.count = 0};
    uint64_t values[SIGNAL_COUNT] = {0}, now = 0;
    uint64_t clock_hz = machine_clock_hz(events->machine);
    for (size_t i = 0; i < events->count; i++)
        event_add(&changes, &events->events[i]);
    if (changes.count)
        qsort(changes.changes, changes.count, sizeof(*changes.changes), change_compare);
    head_add(text);
    for (size_t i = 0; i < changes.count; i++) {
        const struct change *change = &changes.changes[i];
        uint64_t ns = clock_ns(change->cycle, clock_hz);
        if (values[change->signal] == change->value)
            continue;
        if (ns != now)
            text_add(text, "#%" PRIu64 "\n", ns);
        now = ns;
        values[change->signal] = change->value;
        value_add(change->signal, change->value, text);
    }
    free(changes.changes);
}
