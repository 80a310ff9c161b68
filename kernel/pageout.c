/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pageout.c - see pageout.h. A page on its way is frozen and being written, as one of a checkpoint
 * is; whoever wants to change it waits until it is written. A pot of nodes stays in memory until
 * then. */
#include "kernel/pageout.h"

#include "kernel/area.h"
#include "kernel/batch.h"
#include "kernel/checkpoint.h"
#include "kernel/directory.h"
#include "kernel/object.h"
#include "kernel/pot.h"
#include "kernel/sched.h"

#define POTS_MAX 8u /* on their way */

static struct {
    struct batch *filling; /* NULL: none */
    struct pot *pots[POTS_MAX];
    unsigned pot_count;
    bool made_room; /* and nobody who waits was told yet */
} pageout;

bool pageout_due(void)
{
    bool dirty = object_changes.dirty_pages || object_changes.dirty_nodes;
    return (dirty && sched.memory_waiters.first) ||
           pageout.filling || !pages_room(true) || !nodes_room(true);
}

/* The next page. false: there is none that can go. */
static bool page_out(void)
{
    struct page_frame *page = object_page_out();
    if (!page)
        return false;
    struct directory_entry entry = object_page_entry(page);
    if (entry.kind == DIRECTORY_PAGE) {
        batch_add_page(pageout.filling, page, entry);
        return true;
    }
    directory_enter(DIRECTORY_WORKING, &entry);
    object_page_written(page);
    return true;
}

/* The next nodes, one pot of them. false: there are none that can go, or no pot. */
static bool pot_out(void)
{
    struct node_frame *node;
    struct pot *pot = NULL;
    unsigned place = 0;
    if (pageout.pot_count < POTS_MAX && pageout.pot_count < pot_spare() / 2)
        pot = pot_make(area_next());
    if (!pot)
        return false;
    while (place < POT_NODES && (node = object_node_out()) != NULL) {
        struct directory_entry entry = directory_entry_make(DIRECTORY_NODE, node->object_id);
        pot_put(pot, place++, node, &entry);
        directory_enter(DIRECTORY_WORKING, &entry);
        directory_drop_running(node->object_id);
    }
    if (place == 0) {
        pot_drop(pot);
        return false;
    }
    batch_add(pageout.filling, pot_seal(pot, checkpoint_facts.generation + 1), NULL);
    pageout.pots[pageout.pot_count++] = pot;
    (void)area_take(1);
    return true;
}

/* Pages, then nodes, of which there are too few clean ones; whoever waits may want either. */
static bool block_out(void)
{
    bool wanted = sched.memory_waiters.first;
    return ((wanted || !pages_room(true)) && page_out()) ||
           ((wanted || !nodes_room(true)) && pot_out());
}

static void batch_send(void)
{
    if (pageout.filling)
        batch_go(pageout.filling);
    pageout.filling = NULL;
}

bool pageout_ended(void)
{
    batch_send();
    if (!batches_done())
        return false;
    while (pageout.pot_count > 0)
        pot_changed(pageout.pots[--pageout.pot_count]);
    if (pageout.made_room)
        sched_wake_all(&sched.memory_waiters);
    pageout.made_room = false;
    return true;
}

bool pageout_step(void)
{
    while (!checkpoint_time_is_up()) {
        if (!pageout.filling)
            pageout.filling = batch_take(area_next());
        if (!pageout.filling)
            return true;
        if (!block_out()) {
            bool made_room = pageout.made_room;
            return !pageout_ended() || made_room;
        }
        pageout.made_room = true;
        if (pageout.filling->count == IO_BLOCKS_MAX)
            batch_send();
    }
    return true;
}
