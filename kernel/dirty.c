/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dirty.c - which pages and nodes changed since the last freeze, and the frozen pages of the
 * checkpoint being written. Called by everyone who changes an object, and by checkpoint.c; calls
 * object.c for frames. Nothing here looks at frames that did not change. The states of a page are
 * in checkpoint.c.
 *
 * Invariants
 *  1. A node or page is dirty iff it is on its list.
 *  2. A frozen page keeps its frame, or its copy, until object_page_written().
 */
#include "kernel/checkpoint.h"
#include "kernel/depend.h"
#include "kernel/journal.h"
#include "kernel/object.h"
#include "kernel/sched.h"

static struct {
    struct node_frame *nodes;
    struct page_frame *pages;
    struct page_frame *frozen; /* whose frozen contents nobody asked for yet */
    uint32_t node_count, page_count;
    uint32_t frozen_count; /* frames that are frozen */
} dirty;

COLD void node_dirtied(struct node_frame *node)
{
    node->dirty = true;
    node->dirty_next = dirty.nodes;
    dirty.nodes = node;
    dirty.node_count++;
}

COLD void page_dirtied(struct page_frame *page)
{
    kassert(!page->frozen);
    page->dirty = page->open = true;
    page->dirty_next = dirty.pages;
    dirty.pages = page;
    dirty.page_count++;
}

/* The frozen contents move to another frame, so that this one, where it is mapped, can change. */
COLD static enum fetch page_thaw(struct page_frame *page)
{
    if (page->writing)
        return sched_stall(&page->waiters);
    struct page_frame *copy = object_page_take();
    if (!copy)
        return sched_stall_memory();
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
        return sched_stall_memory();
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

uint32_t object_dirty_nodes(void)
{
    return dirty.node_count;
}

uint32_t object_dirty_pages(void)
{
    return dirty.page_count;
}

uint32_t object_frozen_pages(void)
{
    return dirty.frozen_count;
}

struct node_frame *object_dirty_node_take(void)
{
    struct node_frame *node = dirty.nodes;
    if (!node)
        return NULL;
    kassert(node->role == NODE_PLAIN);
    dirty.nodes = node->dirty_next;
    dirty.node_count--;
    node->dirty = false;
    return node;
}

void object_pages_freeze(void)
{
    for (struct page_frame *page = dirty.pages; page; page = page->dirty_next) {
        kassert(!page->copy);
        depend_undo(page, &page->built);
        page->dirty = page->open = false;
        page->frozen = true;
        page->frozen_next = dirty.frozen;
        dirty.frozen = page;
    }
    dirty.frozen_count = dirty.page_count;
    dirty.page_count = 0;
    dirty.pages = NULL;
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

bool object_frozen_listed(void)
{
    return dirty.frozen != NULL;
}

struct page_frame *object_page_writing(uint64_t object_id)
{
    struct page_frame *page = object_page_present(object_id);
    kassert(page != NULL);
    page = frozen_of(page);
    kassert(page != NULL);
    page->writing = true;
    return page;
}

void object_page_written(struct page_frame *page)
{
    kassert(page->frozen);
    page->frozen = page->writing = false;
    dirty.frozen_count--;
    if (page->state == PAGE_FROZEN_COPY) {
        object_page_present(page->object_id)->copy = NULL;
        page->object_id = 0;
        page->state = PAGE_FREE;
    }
    sched_wake_all(&page->waiters);
}
