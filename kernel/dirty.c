/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dirty.c - which pages and nodes changed since the last freeze, and what is frozen for the
 * checkpoint being written. Called by everyone who changes an object, and by checkpoint.c; calls
 * object.c for frames, pot.c for places. Nothing here looks at frames that did not change. The
 * states of pages and nodes are in checkpoint.c.
 *
 * A freeze takes few instructions for each: a page loses its one entry that allows writing, a node
 * gets a place. What costs more is done when it changes next, or when the writer comes to it.
 *
 * Invariants
 *  1. A node or page is dirty iff it is on its list.
 *  2. A frozen page keeps its frame, or its copy, until object_page_written().
 *  3. A frozen node is not dirty; its slots, or the decoded domain of which it is a part, which is
 *     frozen too (domain.h), are as they were at the freeze, until object_node_keep().
 */
#include "disks/checksum.h"
#include "kernel/arch/arch.h"
#include "kernel/checkpoint.h"
#include "kernel/depend.h"
#include "kernel/directory.h"
#include "kernel/domain.h"
#include "kernel/journal.h"
#include "kernel/pot.h"
#include "kernel/sched.h"
#include "kernel/sum.h"

/* In a loop of few instructions each counts: its registers are its own. */
#define NOINLINE __attribute__((noinline))

/* Of so many nodes that become dirty, one looks whether there is room for more: less than
 * checkpoint.c keeps for an operation. */
#define LOOK_EACH 8u

static struct {
    struct node_frame *nodes, *nodes_end; /* dirty for longest first */
    struct page_frame *pages, *pages_end;
    struct page_frame *frozen; /* whose frozen contents nobody asked for yet */
} dirty;
struct object_changes object_changes;

static void node_append(struct node_frame *node)
{
    *(dirty.nodes ? &dirty.nodes_end->dirty_next : &dirty.nodes) = node;
    dirty.nodes_end = node;
    node->dirty_next = NULL;
}

static void page_append(struct page_frame *page)
{
    *(dirty.pages ? &dirty.pages_end->dirty_next : &dirty.pages) = page;
    dirty.pages_end = page;
    page->dirty_next = NULL;
}

COLD void node_dirtied(struct node_frame *node)
{
    object_node_keep(node);
    node->dirty = true;
    node_append(node);
    if (++object_changes.dirty_nodes % LOOK_EACH == 0 && checkpoint_full())
        sched.preempt = true;
}

COLD void page_dirtied(struct page_frame *page)
{
    kassert(!page->frozen);
    page->dirty = page->open = true;
    page_append(page);
    object_changes.dirty_pages++;
}

COLD struct node_frame *object_node_out(void)
{
    for (uint32_t left = 2 * object_changes.dirty_nodes; left > 0; left--) {
        struct node_frame *node = dirty.nodes;
        dirty.nodes = node->dirty_next;
        if (node->used || !object_node_idle(node)) {
            node->used = false;
            node_append(node);
            continue;
        }
        node->dirty = false;
        object_changes.dirty_nodes--;
        return node;
    }
    return NULL;
}

COLD struct page_frame *object_page_out(void)
{
    for (uint32_t left = 2 * object_changes.dirty_pages; left > 0; left--) {
        struct page_frame *page = dirty.pages;
        dirty.pages = page->dirty_next;
        if (page->used || page->pinned || page->copy) {
            page->used = false;
            page_append(page);
            continue;
        }
        depend_undo(page, &page->built);
        page->dirty = page->open = false;
        page->frozen = page->writing = true;
        object_changes.dirty_pages--;
        object_changes.frozen_pages++;
        return page;
    }
    return NULL;
}

/* The frozen contents move to another frame, so that this one, where it is mapped, can change. */
COLD static enum fetch page_thaw(struct page_frame *page)
{
    if (page->writing)
        return sched_stall(&page->waiters);
    struct page_frame *copy = object_page_take();
    if (!copy)
        return sched_stall(&sched.memory_waiters);
    copy->object_id = page->object_id;
    copy->allocation_count = page->allocation_count;
    copy->state = PAGE_FROZEN_COPY;
    copy->frozen = true;
    copy->dirty = copy->writing = copy->failed = false;
    copy->built = 0;
    memcpy(copy->data, page->data, PAGE_BYTES);
    page->copy = copy;
    page->frozen = false;
    return FETCH_PRESENT;
}

enum fetch object_page_writable(struct page_frame *page)
{
    if (page->journal && journal_page_changes(page) == FETCH_STALL)
        return FETCH_STALL;
    if (page->dirty)
        return FETCH_PRESENT;
    if (checkpoint_full())
        return sched_stall(&sched.memory_waiters);
    return page->frozen ? page_thaw(page) : FETCH_PRESENT;
}

bool object_page_is_zero(const struct page_frame *page)
{
    const uint64_t *words = (const uint64_t *)page->data;
    for (unsigned i = 0; i < PAGE_BYTES / sizeof(uint64_t); i++)
        if (words[i] != 0)
            return false;
    return true;
}

struct directory_entry object_page_entry(const struct page_frame *page)
{
    bool zero = object_page_is_zero(page);
    struct directory_entry entry =
        directory_entry_make(zero ? DIRECTORY_ZERO_PAGE : DIRECTORY_PAGE, page->object_id);
    entry.allocation_count = page->allocation_count;
    return entry;
}

uint64_t object_page_sum(const struct page_frame *page)
{
    return sum_of(page->data, PAGE_BYTES, checksum_seed(CHECKSUM_PAGE, page->object_id));
}

NOINLINE void object_nodes_freeze(void)
{
    struct node_frame *next;
    for (struct node_frame *node = dirty.nodes; node; node = next) {
        next = node->dirty_next;
        node->frozen_place = pot_area_take(node);
        node->dirty = false;
        node->frozen = !node->link.queue     ? NODE_FROZEN
                       : node->device_wait ? NODE_FROZEN_DEVICE_WAIT
                                           : NODE_FROZEN_RUNNING;
    }
    object_changes.frozen_nodes = object_changes.dirty_nodes;
    object_changes.dirty_nodes = 0;
    dirty.nodes = NULL;
}

COLD void object_node_keep(struct node_frame *node)
{
    if (!node->frozen)
        return;
    if (node->domain)
        domain_keep(node->domain);
    struct directory_entry entry = directory_entry_make(DIRECTORY_NODE, node->object_id);
    pot_area_fill(node->frozen_place, node, &entry);
    directory_enter(DIRECTORY_WORKING, &entry);
    entry = directory_entry_make(DIRECTORY_RUNNING, node->object_id);
    if (node->frozen == NODE_FROZEN_DEVICE_WAIT)
        entry.index = DIRECTORY_DEVICE_WAIT;
    if (node->frozen == NODE_FROZEN)
        directory_drop_running(node->object_id);
    else
        directory_enter(DIRECTORY_OF_DOMAINS, &entry);
    node->frozen = NODE_NOT_FROZEN;
    object_changes.frozen_nodes--;
}

/* The entry at such an address maps the page for reading only, if it maps it. */
static inline __attribute__((always_inline)) void entry_close(uint64_t built, uint64_t leaf)
{
    uint64_t *entry = (uint64_t *)(uintptr_t)built;
    if (entry && *entry == (leaf | TABLE_LEAF_WRITE))
        *entry = leaf;
}

NOINLINE static void entries_close(const struct page_frame *page)
{
    entry_close(page->built & ~BUILT_HASHED, page->leaf);
    depend_replace(page, page->leaf | TABLE_LEAF_WRITE, page->leaf);
}

NOINLINE void object_pages_freeze(void)
{
    struct page_frame *page = dirty.pages;
    kassert(object_changes.frozen_pages == 0); /* so none has a copy either */
    dirty.frozen = page;
    while (page) {
        struct page_frame *next = page->dirty_next;
        if (page->built & BUILT_HASHED)
            entries_close(page);
        else
            entry_close(page->built, page->leaf);
        page->dirty = page->open = false;
        page->frozen = true;
        page->frozen_next = next;
        page = next;
    }
    table_edited(FENCE_ALL, FENCE_ALL);
    object_changes.frozen_pages = object_changes.dirty_pages;
    object_changes.dirty_pages = 0;
    dirty.pages = NULL;
}

COLD void object_page_hold(struct page_frame *page)
{
    kassert(!page->dirty);
    kassert(!page->frozen);
    page->frozen = true;
    object_changes.frozen_pages++;
}

static struct page_frame *frozen_of(struct page_frame *page)
{
    return page->frozen ? page : page->copy;
}

struct page_frame *object_frozen_take(void)
{
    struct page_frame *page = dirty.frozen;
    if (!page)
        return NULL;
    dirty.frozen = page->frozen_next;
    return frozen_of(page);
}

struct page_frame *object_page_frozen(uint64_t object_id)
{
    struct page_frame *page = object_page_present(object_id);
    kassert(page != NULL);
    page = frozen_of(page);
    kassert(page != NULL);
    return page;
}

struct page_frame *object_page_writing(uint64_t object_id)
{
    struct page_frame *page = object_page_frozen(object_id);
    page->writing = true;
    return page;
}

void object_page_written(struct page_frame *page)
{
    kassert(page->frozen);
    page->frozen = page->writing = false;
    object_changes.frozen_pages--;
    if (page->state == PAGE_FROZEN_COPY) {
        object_page_present(page->object_id)->copy = NULL;
        page->object_id = 0;
        page->state = PAGE_FREE;
    }
    sched_wake_all(&page->waiters);
}
