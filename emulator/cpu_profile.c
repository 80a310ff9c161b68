/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cpu_profile.c - tells a watcher what the hart does. Called by the hooks in cpu_engine.c and
 * cpu_count.c, by cpu_trap.c at each delivery and by cpu.c; calls the watcher.
 *
 * A block costs a comparison and three words; only at a crossing is anything looked up. That S mode
 * was left is seen at the first block after it: a block whose address is not in the upper half,
 * where kernels live, asks for the mode.
 *
 * Invariants
 *  1. Nothing that the guest, or a count, can tell is changed here.
 */
#include <assert.h>
#include <stdlib.h>

#include "emulator/cpu_state.h"

static struct cpu_place place_of(const struct cpu *cpu)
{
    return (struct cpu_place){cpu_count(cpu), cpu_cycles(cpu)};
}

static void starts_tell(struct cpu *cpu)
{
    struct cpu_profile *profile = &cpu->profile;
    if (profile->count == 0)
        return;
    profile->watcher->blocks(profile->watcher->context, profile->starts, profile->count);
    profile->count = 0;
}

static struct cpu_crossing crossing_of(const struct cpu *cpu, const uint64_t *words, uint64_t pc)
{
    const struct engine_layout *layout = &cpu->layout;
    return (struct cpu_crossing){.place = place_of(cpu),
                                 .pc = pc,
                                 .satp = words[layout->satp],
                                 .sscratch = words[layout->sscratch],
                                 .x = words + layout->x1 - 1};
}

static void leave(struct cpu *cpu, const uint64_t *words, uint64_t pc)
{
    struct cpu_profile *profile = &cpu->profile;
    struct cpu_crossing crossing = crossing_of(cpu, words, pc);
    starts_tell(cpu);
    profile->supervisor = false;
    profile->watcher->leave(profile->watcher->context, &crossing);
}

void profile_enter(struct cpu *cpu, const uint64_t *words, uint64_t cause, uint64_t value)
{
    struct cpu_profile *profile = &cpu->profile;
    assert(profile->watcher);
    if (words[cpu->layout.privilege] != PRIVILEGE_U)
        return;
    if (words != cpu->engine.words)
        profile->live = words;
    if (profile->supervisor) /* it trapped before the first block of U mode began */
        leave(cpu, words, words[cpu->layout.pc]);
    struct cpu_crossing crossing = crossing_of(cpu, words, words[cpu->layout.pc]);
    crossing.cause = cause;
    crossing.value = value;
    profile->supervisor = true;
    profile->watcher->enter(profile->watcher->context, &crossing);
}

/* Is the hart in U? Then it has just come there, and that is told. */
static __attribute__((noinline)) bool left(struct cpu *cpu, uint64_t pc)
{
    bool cached = cpu->engine.cached;
    const uint64_t *words = cpu->profile.live;
    if (cached || !words) {
        engine_load(cpu);
        words = cpu->engine.words;
    }
    bool gone = words[cpu->layout.privilege] == PRIVILEGE_U;
    if (gone)
        leave(cpu, words, pc);
    cpu->engine.cached = cached;
    return gone;
}

void profile_block(struct cpu *cpu, uint64_t pc)
{
    struct cpu_profile *profile = &cpu->profile;
    assert(profile->supervisor);
    if ((int64_t)pc >= 0 && left(cpu, pc))
        return;
    if (profile->count == PROFILE_STARTS)
        starts_tell(cpu);
    profile->starts[profile->count++] = (struct cpu_block_start){pc, place_of(cpu)};
}

void profile_waited(struct cpu *cpu, uint64_t cycles)
{
    struct cpu_profile *profile = &cpu->profile;
    if (!profile->supervisor || cycles == 0)
        return;
    struct cpu_place place = place_of(cpu);
    starts_tell(cpu);
    profile->watcher->waited(profile->watcher->context, &place, cycles);
}

void profile_start(struct cpu *cpu)
{
    struct cpu_profile *profile = &cpu->profile;
    if (!profile->watcher)
        return;
    struct cpu_place place = place_of(cpu);
    profile->supervisor = cpu_privilege(cpu) != PRIVILEGE_U;
    profile->watcher->start(profile->watcher->context, &place, profile->supervisor);
}

void profile_stop(struct cpu *cpu)
{
    struct cpu_profile *profile = &cpu->profile;
    if (!profile->watcher)
        return;
    struct cpu_place place = place_of(cpu);
    starts_tell(cpu);
    profile->supervisor = false;
    profile->watcher->stop(profile->watcher->context, &place);
}

void profile_finish(struct cpu_profile *profile)
{
    free(profile->starts);
    profile->starts = NULL;
}

bool cpu_watch(struct cpu *cpu, const struct cpu_watcher *watcher, struct error *error)
{
    struct cpu_profile *profile = &cpu->profile;
    assert(!cpu->running);
    profile_stop(cpu);
    profile->watcher = NULL;
    if (watcher && !profile->starts)
        profile->starts = malloc(PROFILE_STARTS * sizeof(*profile->starts));
    if (watcher && !profile->starts)
        return error_set(error, ERROR_IO, "cpu: out of memory");
    profile->watcher = watcher; /* so that the engine is made with the hook for it */
    if (!cpu_recycle(cpu, error)) {
        profile->watcher = NULL;
        return false;
    }
    profile_start(cpu);
    return true;
}

struct cpu_place cpu_watch_flush(struct cpu *cpu)
{
    assert(!cpu->running);
    if (cpu->profile.watcher)
        starts_tell(cpu);
    return place_of(cpu);
}
