/* SPDX-License-Identifier: GPL-2.0-or-later */
/* watch.c - compares what the guest prints and announces with struct machine_until. Called by
 * machine.c for every console byte and trace word; calls nothing.
 *
 * Invariants
 *  1. tail[0 .. tail_bytes) ends with the newest byte printed, and holds at least the last
 *     MACHINE_UNTIL_TEXT_BYTES - 1 of them.
 *  2. Between runs no text of a caller is referred to.
 */
#include "emulator/watch.h"

#include <assert.h>
#include <string.h>

const char *machine_phase_name(uint32_t phase)
{
    static const char *const names[TRACE_PHASE_COUNT] = {
        "",        "boot",   "restart", "freeze", "write-out", "directory",
        "commit", "migrate", "journal",
    };
    static_assert(TRACE_PHASE_JOURNAL == 8, "in the order of the enumeration");
    assert(phase < TRACE_PHASE_COUNT);
    return names[phase];
}

bool machine_phase_find(const char *name, uint32_t *phase)
{
    for (*phase = 1; *phase < TRACE_PHASE_COUNT; ++*phase)
        if (strcmp(name, machine_phase_name(*phase)) == 0)
            return true;
    return false;
}

void watch_begin(struct watch *watch, const struct machine_until *until)
{
    assert(!until->console || strlen(until->console) < MACHINE_UNTIL_TEXT_BYTES);
    watch->until = *until;
}

void watch_end(struct watch *watch)
{
    watch->until = machine_until_never();
}

void watch_forget(struct watch *watch)
{
    watch->tail_bytes = 0;
}

static bool ends_in(const struct watch *watch, const char *text)
{
    if (!text || text[0] == '\0')
        return false;
    size_t length = strlen(text);
    return length <= watch->tail_bytes &&
           memcmp(watch->tail + watch->tail_bytes - length, text, length) == 0;
}

bool watch_console(struct watch *watch, uint8_t byte)
{
    const struct machine_until *until = &watch->until;
    assert(watch->tail_bytes <= sizeof(watch->tail));
    if (watch->tail_bytes == sizeof(watch->tail)) {
        memcpy(watch->tail, watch->tail + MACHINE_UNTIL_TEXT_BYTES, MACHINE_UNTIL_TEXT_BYTES);
        watch->tail_bytes = MACHINE_UNTIL_TEXT_BYTES;
    }
    watch->tail[watch->tail_bytes++] = (char)byte;
    bool found = ends_in(watch, until->console);
    for (unsigned i = 0; i < MACHINE_UNTIL_TEXTS_MORE && until->console_more[i]; i++)
        found = found || ends_in(watch, until->console_more[i]);
    return found;
}

bool watch_trace(const struct watch *watch, uint32_t kind, uint64_t argument,
                 enum machine_stop_reason *reason)
{
    const struct machine_until *until = &watch->until;
    if ((kind == TRACE_COMMITTED || kind == TRACE_RESTARTED) && until->generation != UINT64_MAX &&
        argument >= until->generation) {
        *reason = MACHINE_STOP_GENERATION;
        return true;
    }
    if (kind == TRACE_PHASE_ENTER && argument < TRACE_PHASE_COUNT &&
        (until->phases >> argument & 1)) {
        *reason = MACHINE_STOP_PHASE;
        return true;
    }
    *reason = MACHINE_STOP_TRACE;
    return kind != 0 && until->trace_kind == kind &&
           (until->trace_argument == UINT64_MAX || until->trace_argument == argument);
}
