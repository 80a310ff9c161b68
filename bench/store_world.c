/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store_world.c - recipes with the numbers of a measurement, their images, and machines. Called by
 * store_bench.c and store_disk_bench.c; calls the recipe reader, the image maker and machine.h.
 * Invariants: store_world.h. */
#include "bench/store_world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "disks/make.h"
#include "disks/recipe.h"
#include "emulator/base/memory.h"
#include "emulator/base/output_file.h"

#define PAGE_BYTES 4096u
#define TEXT_BYTES 65536u
#define RAM_BYTES (64ull << 20)

struct text {
    char bytes[TEXT_BYTES];
    size_t length;
};

static void text_add(struct text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void text_add(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text->bytes + text->length, TEXT_BYTES - text->length, format,
                           arguments);
    va_end(arguments);
    if (length > 0)
        text->length += (size_t)length;
}

static uint64_t number_or(uint64_t number, uint64_t otherwise)
{
    return number ? number : otherwise;
}

static void dirtier_text(struct text *text, const struct world *world,
                         const struct world_plan *plan)
{
    const uint64_t numbers[] = {plan->pages, plan->span, plan->reads, plan->rounds};
    if (plan->filled)
        text_add(text, "segment field file %s\n", world->content);
    else
        text_add(text, "segment field zero %lluK\n", (unsigned long long)plan->span * 4);
    text_add(text,
             "domain dirtier {\n program domains/dirtier.elf\n map field at 0x%llx\n"
             " argument 0 %u\n argument 1 %u\n key %u = checkpoint\n key %u = range nodes\n",
             (unsigned long long)DIRTIER_FIELD, (unsigned)plan->work, (unsigned)plan->spread,
             DIRTIER_SLOT_CHECKPOINT, DIRTIER_SLOT_NODES);
    for (unsigned i = 0; i < 4; i++)
        text_add(text, " key %u = number %llu\n", DIRTIER_SLOT_PAGES + i,
                 (unsigned long long)numbers[i]);
    text_add(text, " key 10 = power\n run\n}\n");
}

static void committers_text(struct text *text, const struct world_plan *plan)
{
    text_add(text, "segment pages zero %uK\n", plan->committers * 4);
    for (unsigned i = 0; i < plan->committers; i++)
        text_add(text,
                 "domain committer%u {\n program domains/committer.elf\n argument 0 %llu\n"
                 " key 0 = page pages %u\n key 1 = journal\n key 12 = console\n run\n}\n",
                 i, (unsigned long long)plan->steps, i);
}

/* A file of so many pages, each with its number in it. */
static bool content_write(const char *path, uint64_t pages, struct error *error)
{
    uint64_t words = PAGE_BYTES / sizeof(uint64_t);
    uint64_t *content = memory_zeroed(pages * words, sizeof(*content));
    for (uint64_t i = 0; i < pages; i++)
        content[i * words] = i + 1;
    bool good = output_write(path, content, pages * PAGE_BYTES, error);
    free(content);
    return good;
}

static bool image_make(struct world *world, const struct bench *bench,
                       const struct world_plan *plan, struct error *error)
{
    char path[WORLD_PATH_BYTES];
    struct text *text = memory_zeroed(1, sizeof(*text));
    struct recipe *recipe = memory_zeroed(1, sizeof(*recipe));
    uint64_t pages = plan->span + plan->committers * 40 + 400;
    (void)snprintf(path, sizeof(path), "%s/store-bench.recipe", bench->build_path);
    text_add(text, "store bench nodes %llu pages %llu area %llu journal %llu\n",
             (unsigned long long)(DIRTIER_NODES_MOST + 500 + plan->span / 8 +
                                  plan->committers * 12),
             (unsigned long long)number_or(plan->store_pages, pages),
             (unsigned long long)number_or(plan->area_blocks, 8192),
             (unsigned long long)number_or(plan->journal_blocks, 64));
    if (plan->committers)
        committers_text(text, plan);
    else
        dirtier_text(text, world, plan);
    bool good = (!plan->filled || content_write(world->content, plan->span, error)) &&
                recipe_parse(recipe, path, text->bytes, error) &&
                make_image(recipe, world->image, error);
    free(recipe);
    free(text);
    return good;
}

static void console_put(void *context, const uint8_t *bytes, size_t count)
{
    struct world *world = context;
    for (size_t i = 0; i < count; i++)
        world->ended += bytes[i] == '\a';
}

bool world_begin(struct world *world, const struct bench *bench, const struct world_plan *plan,
                 struct error *error)
{
    *world = (struct world){.machine = NULL};
    /* Another may run at the same time. */
    (void)snprintf(world->image, sizeof(world->image), "%s/store-bench-%ld.img", bench->build_path,
                   (long)getpid());
    (void)snprintf(world->content, sizeof(world->content), "%s.content", world->image);
    (void)snprintf(world->kernel, sizeof(world->kernel), "%s/kernel.elf", bench->build_path);
    (void)snprintf(world->append, sizeof(world->append), "%s", plan->append);
    if (!image_make(world, bench, plan, error))
        return false;
    (void)unlink(world->content);
    world->config = (struct machine_config){
        .kernel_path = world->kernel,
        .append = world->append,
        .ram_bytes = number_or(plan->ram_bytes, RAM_BYTES),
        .console = {.put = console_put, .context = world},
        .disks = {{.path = world->image, .timing = plan->timing}},
        .disk_count = 1};
    return machine_create(&world->machine, &world->config, error);
}

void world_end(struct world *world)
{
    machine_destroy(world->machine);
    (void)unlink(world->content);
    (void)unlink(world->image);
}

bool world_restart(struct world *world, struct error *error)
{
    machine_destroy(world->machine);
    world->machine = NULL;
    return machine_create(&world->machine, &world->config, error);
}

/* Run until that; nothing else may end the run. */
static bool run(struct world *world, struct machine_until *until, enum machine_stop_reason expected,
                struct error *error)
{
    until->instructions = machine_instructions(world->machine) + WORLD_INSTRUCTIONS_MAX;
    struct machine_stop stop = machine_run(world->machine, until);
    if (stop.reason == expected)
        return true;
    return error_set(error, ERROR_FORMAT, "store: the run ended otherwise (%u)",
                     (unsigned)stop.reason);
}

bool world_phase(struct world *world, enum trace_phase phase, struct error *error)
{
    struct machine_until until = machine_until_never();
    until.phases = 1u << phase;
    return run(world, &until, MACHINE_STOP_PHASE, error);
}

bool world_phase_end(struct world *world, enum trace_phase phase, struct error *error)
{
    struct machine_until until = machine_until_never();
    until.trace_kind = TRACE_PHASE_LEAVE;
    until.trace_argument = phase;
    return run(world, &until, MACHINE_STOP_TRACE, error);
}

bool world_trace(struct world *world, enum trace_kind kind, struct error *error)
{
    struct machine_until until = machine_until_never();
    until.trace_kind = kind;
    return run(world, &until, MACHINE_STOP_TRACE, error);
}

bool world_printed(struct world *world, const char *text, struct error *error)
{
    struct machine_until until = machine_until_never();
    until.console = text;
    return run(world, &until, MACHINE_STOP_CONSOLE, error);
}

bool world_power_off(struct world *world, struct error *error)
{
    struct machine_until until = machine_until_never();
    return run(world, &until, MACHINE_STOP_POWER_OFF, error);
}

struct disk_counters world_disk(const struct world *world)
{
    return machine_stats(world->machine).disks[0];
}
