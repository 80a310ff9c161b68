/* SPDX-License-Identifier: GPL-2.0-or-later */
/* key_display.c - the display key: a segment's pages become the screen's backing. Called by
 * order.c and, when the device has answered, by driver.c.
 *
 * A call that needs the device waits with its pc at the ecall, as every stalled call. What tells it
 * on its return that the device has done what it asked for is a receipt: who called, with which
 * order and arguments, and how it went. A receipt that is lost costs nothing: the call is carried
 * out once more, and all of them may be repeated.
 *
 * States: NONE -> GATHERING (an attach pins its pages, some at each turn) -> SHOWN -> HIDING ->
 * NONE.
 *
 * Invariants
 *  1. The first page_count pages of the device's list are pinned; it reads only those, and only
 *     while SHOWN or HIDING.
 *  2. One sequence of commands is in progress at a time; whoever wants another waits.
 *  3. Before a segment is shown, a walk without a pause has found all of its pages where they were
 *     pinned.
 */
#include "kernel/driver/devices.h"
#include "kernel/driver/virtio_gpu.h"
#include "kernel/keys.h"
#include "kernel/sched.h"

#define RECEIPTS 4u
#define GATHER_PAGES_MAX 128u /* pinned in one turn: others want to run as well */
#define AHEAD_PAGES 16u       /* asked for behind a page that has to be read */

enum screen { SCREEN_NONE, SCREEN_GATHERING, SCREEN_SHOWN, SCREEN_HIDING };

struct receipt {
    uint64_t root_id; /* of the caller; 0: none */
    uint64_t order;
    uint64_t words[2];
    bool good;
};

static struct {
    unsigned page_count;
    enum screen screen;
    uint64_t source_head, source_count; /* of the segment key, while GATHERING */
    struct receipt pending;             /* of the sequence in progress */
    struct receipt receipts[RECEIPTS];
    unsigned receipt_next;
    struct queue waiters;
} display;

/* Page i of those that are pinned: the list for the device is the only one. */
static struct page_frame *pinned(unsigned i)
{
    return object_page_frame(virtio_gpu_backed(i));
}

static void pages_unpin(unsigned first)
{
    while (display.page_count > first) {
        struct page_frame *page = pinned(--display.page_count);
        kassert(page->pinned > 0);
        page->pinned--;
    }
}

/* Give the caller its receipt, if it still waits for it: it may have been stopped, or sent
 * elsewhere, meanwhile. It is woken last, so that who has waited longer comes before its next
 * call. */
static void receipt_give(void)
{
    struct node_frame *root = object_node_present(display.pending.root_id);
    if (root && root->link.queue == &display.waiters) {
        queue_remove(root);
        queue_append(&display.waiters, root);
        display.pending.good = !virtio_gpu_failed();
        display.receipts[display.receipt_next++ % RECEIPTS] = display.pending;
    }
    display.pending.root_id = 0;
}

void display_finished(void)
{
    if (virtio_gpu_busy())
        return;
    if (display.screen == SCREEN_HIDING || !virtio_gpu_info()) {
        pages_unpin(0);
        display.screen = SCREEN_NONE;
    }
    if (display.pending.root_id)
        receipt_give();
    sched_wake_all(&display.waiters);
}

static enum invoked wait_for_device(void)
{
    (void)sched_stall(&display.waiters);
    return INVOKED_STALL;
}

static struct receipt receipt_of(const struct invocation *invocation, uint64_t first,
                                 uint64_t second)
{
    return (struct receipt){.root_id = invocation->sender_root->object_id,
                            .order = invocation->message.code,
                            .words = {first, second}};
}

/* Answer a call that has been carried out already, whose receipt is used up, or that finds no
 * screen. false: it is neither. */
static bool answered(struct invocation *invocation, const struct receipt *wanted)
{
    for (unsigned i = 0; i < RECEIPTS; i++) {
        struct receipt *receipt = &display.receipts[i];
        if (memcmp(receipt, wanted, offsetof(struct receipt, good)) != 0)
            continue;
        receipt->root_id = 0;
        (void)invoke_answer(invocation, receipt->good ? RC_OK : RC_DEVICE);
        return true;
    }
    if (!virtio_gpu_info())
        (void)invoke_answer(invocation, RC_DEVICE);
    return !virtio_gpu_info();
}

/* A sequence has begun for this call: wait for it. */
static enum invoked wait_for_receipt(const struct receipt *receipt)
{
    kassert(virtio_gpu_busy());
    kassert(display.pending.root_id == 0);
    display.pending = *receipt;
    return wait_for_device();
}

/* Take the picture down. Its pages stay pinned until the device has let go of them. */
static void hide(void)
{
    display.screen = SCREEN_HIDING;
    virtio_gpu_hide();
}

bool display_release(const struct page_frame *page)
{
    if (!page->pinned)
        return true;
    for (unsigned i = 0; i < display.page_count; i++) {
        if (pinned(i) != page)
            continue;
        if (display.screen == SCREEN_GATHERING) {
            pages_unpin(i); /* the attach will find that they have changed */
            return true;
        }
        if (!virtio_gpu_busy())
            hide();
        (void)sched_stall(&display.waiters);
        return false;
    }
    return true;
}

/* The page at an offset of the segment in the message. FETCH_VOID: there is none. */
static enum fetch backing_page(const struct invocation *invocation, unsigned index,
                               struct page_frame **page)
{
    struct segment_walk walk;
    struct key key = invocation->message.keys[0]; /* a walk may void the key it begins with */
    enum fetch fetch = segment_walk(&key, (uint64_t)index * PAGE_BYTES, &walk);
    if (fetch != FETCH_PRESENT)
        return fetch;
    if (walk.fault != MEMORY_OK)
        return FETCH_VOID;
    *page = walk.page;
    return FETCH_PRESENT;
}

/* The caller was queued for a page: let the disk read the next ones as well. */
static void read_ahead(const struct invocation *invocation, unsigned first, unsigned count)
{
    struct page_frame *page;
    kassert(sched.current == NULL); /* nobody is queued a second time */
    for (unsigned i = first; i < count && i < first + AHEAD_PAGES; i++)
        (void)backing_page(invocation, i, &page);
}

/* Pin the pages from page_count on. FETCH_STALL: not all yet, and the caller was queued. */
static enum fetch gather(const struct invocation *invocation, unsigned count)
{
    struct page_frame *page;
    for (unsigned turn = 0; display.page_count < count; turn++) {
        if (turn == GATHER_PAGES_MAX) {
            struct node_frame *root = sched.current;
            sched_switch(NULL);
            sched_ready(root);
            return FETCH_STALL;
        }
        enum fetch fetch = backing_page(invocation, display.page_count, &page);
        if (fetch == FETCH_STALL)
            read_ahead(invocation, display.page_count + 1, count);
        if (fetch != FETCH_PRESENT)
            return fetch;
        page->pinned++;
        virtio_gpu_backing(display.page_count++, page->data);
    }
    return FETCH_PRESENT;
}

/* Are the pages still those of the segment? From the first difference on they are let go. */
static enum fetch gathered_check(const struct invocation *invocation)
{
    for (unsigned i = 0; i < display.page_count; i++) {
        struct page_frame *page = NULL;
        enum fetch fetch = backing_page(invocation, i, &page);
        if (fetch != FETCH_PRESENT)
            return fetch;
        if (page != pinned(i))
            pages_unpin(i);
    }
    return FETCH_PRESENT;
}

/* All pages of the segment, pinned and checked. The segment may have been changed between the turns
 * in which its pages were gathered; within one turn nobody changes it, so twice is enough. */
static enum fetch gather_all(const struct invocation *invocation, unsigned count)
{
    const struct key *key = &invocation->message.keys[0];
    if (display.screen == SCREEN_NONE || display.source_head != key->head ||
        display.source_count != key->count) {
        pages_unpin(0);
        display.screen = SCREEN_GATHERING;
        display.source_head = key->head;
        display.source_count = key->count;
    }
    enum fetch fetch = FETCH_PRESENT;
    for (unsigned turn = 0; turn < 2 && fetch == FETCH_PRESENT; turn++) {
        fetch = gather(invocation, count);
        if (fetch == FETCH_PRESENT)
            fetch = gathered_check(invocation);
    }
    kassert(fetch != FETCH_PRESENT || display.page_count == count);
    return fetch;
}

enum invoked display_attach(struct invocation *invocation)
{
    const struct display_info *info = virtio_gpu_info();
    const struct key *key = &invocation->message.keys[0];
    struct receipt receipt = receipt_of(invocation, key->head, key->count);
    if (answered(invocation, &receipt))
        return INVOKED_DONE;
    unsigned count = (info->stride_bytes * info->height + PAGE_BYTES - 1) / PAGE_BYTES;
    kassert(count <= LIMIT_DISPLAY_PAGES);
    if (count > objects.page_count / 2) /* the rest of the system needs some too */
        return invoke_answer(invocation, RC_NO_PAGES);
    if (display.screen == SCREEN_SHOWN && !virtio_gpu_busy())
        hide(); /* the old picture goes first; then come back */
    if (virtio_gpu_busy())
        return wait_for_device();
    enum fetch fetch = gather_all(invocation, count);
    if (fetch == FETCH_VOID) {
        pages_unpin(0);
        display.screen = SCREEN_NONE;
    }
    if (fetch != FETCH_PRESENT)
        return invoke_unfetched(invocation, fetch, RC_FORMAT);
    display.screen = SCREEN_SHOWN;
    virtio_gpu_show(count);
    return wait_for_receipt(&receipt);
}

static bool inside(const struct display_rectangle *at, const struct display_info *info)
{
    return at->x <= info->width && at->y <= info->height && at->width <= info->width - at->x &&
           at->height <= info->height - at->y;
}

enum invoked display_flush(struct invocation *invocation)
{
    struct display_rectangle at;
    (void)invoke_string(invocation, &at, sizeof(at));
    struct receipt receipt = receipt_of(invocation, (uint64_t)at.y << 32 | at.x,
                                        (uint64_t)at.height << 32 | at.width);
    if (answered(invocation, &receipt))
        return INVOKED_DONE;
    if (!inside(&at, virtio_gpu_info()))
        return invoke_answer(invocation, RC_FORMAT);
    if (virtio_gpu_busy())
        return wait_for_device();
    if (display.screen != SCREEN_SHOWN)
        return invoke_answer(invocation, RC_RESTARTED);
    if (at.width == 0 || at.height == 0)
        return invoke_answer(invocation, RC_OK);
    virtio_gpu_flush(&at);
    return wait_for_receipt(&receipt);
}

enum invoked display_detach(struct invocation *invocation)
{
    struct receipt receipt = receipt_of(invocation, 0, 0);
    if (answered(invocation, &receipt))
        return INVOKED_DONE;
    if (virtio_gpu_busy())
        return wait_for_device();
    if (display.screen == SCREEN_SHOWN) {
        hide();
        return wait_for_receipt(&receipt);
    }
    pages_unpin(0); /* of an attach that was never finished */
    display.screen = SCREEN_NONE;
    return invoke_answer(invocation, RC_OK);
}

enum invoked display_info(struct invocation *invocation)
{
    const struct display_info *info = virtio_gpu_info();
    if (!info)
        return invoke_answer(invocation, RC_DEVICE);
    return invoke_answer_bytes(invocation, info, sizeof(*info));
}
