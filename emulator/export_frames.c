/* SPDX-License-Identifier: GPL-2.0-or-later */
/* export_frames.c - the ledger as one tree of frames. Called by the writers of folded stacks, flame
 * graphs and callgrind profiles; calls ledger.h. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "emulator/base/memory.h"
#include "emulator/export.h"

struct frames {
    struct export_frame *frames;
    size_t count, capacity;
};

static uint32_t frame_add(struct frames *frames, uint32_t parent, const char *name)
{
    frames->frames = memory_grow(frames->frames, frames->count, &frames->capacity,
                                 sizeof(*frames->frames));
    struct export_frame *frame = &frames->frames[frames->count];
    *frame = (struct export_frame){.parent = parent};
    (void)snprintf(frame->name, sizeof(frame->name), "%s", name);
    return (uint32_t)frames->count++;
}

static void share_set(struct frames *frames, uint32_t at, struct ledger_share share, uint64_t calls)
{
    struct export_frame *frame = &frames->frames[at];
    frame->instructions = share.instructions;
    frame->cycles = share.cycles;
    frame->calls = calls;
}

static void users_add(struct frames *frames, const struct ledger_view *view)
{
    uint32_t user = frame_add(frames, 0, "user");
    for (size_t i = 0; i < view->domains->count; i++) {
        char name[EXPORT_NAME_BYTES];
        const struct ledger_account *account = &view->domains->accounts[i];
        if (account->user.instructions == 0)
            continue;
        const char *called = names_find(view->names, account->id);
        (void)snprintf(name, sizeof(name), "%s-%" PRIu64 "%s%s", view->ours ? "domain" : "space",
                       account->id, called[0] ? "-" : "", called);
        share_set(frames, frame_add(frames, user, name), account->user, account->entries);
    }
}

/* Each node's frame: places[node]. Paths hang below the root of the tree. */
static void kernel_add(struct frames *frames, const struct ledger_view *view, uint32_t *places)
{
    char name[EXPORT_NAME_BYTES];
    places[0] = frame_add(frames, 0, "kernel");
    for (size_t i = 0; i < view->path_count; i++) {
        const struct ledger_entry_path *path = &view->paths[i];
        if (path->put_to || !path->row)
            continue;
        ledger_path_text(&path->path, name);
        places[path->node] = frame_add(frames, places[0], name);
    }
    for (size_t i = 1; i < view->tree->count; i++) {
        const struct ledger_node *node = &view->tree->nodes[i];
        const struct ledger_share share = {node->instructions, node->cycles};
        if (!places[i] && node->parent && places[node->parent] && node->calls + share.cycles)
            places[i] = frame_add(frames, places[node->parent],
                                  ledger_function_name(view->functions, node->function));
        if (places[i])
            share_set(frames, places[i], share, node->calls);
    }
}

size_t export_frames(const struct ledger_view *view, struct export_frame **frames)
{
    struct frames made = {.count = 0};
    uint32_t *places = memory_zeroed(view->tree->count, sizeof(*places));
    (void)frame_add(&made, 0, "all");
    users_add(&made, view);
    kernel_add(&made, view, places);
    free(places);
    for (size_t i = made.count; i-- > 0;) {
        struct export_frame *frame = &made.frames[i];
        frame->instructions_all += frame->instructions;
        frame->cycles_all += frame->cycles;
        assert(frame->parent < i || i == 0);
        if (i == 0)
            break;
        made.frames[frame->parent].instructions_all += frame->instructions_all;
        made.frames[frame->parent].cycles_all += frame->cycles_all;
    }
    *frames = made.frames;
    return made.count;
}
