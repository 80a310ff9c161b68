/* SPDX-License-Identifier: GPL-2.0-or-later */
/* key_display.c - the display key: a segment's pages become the screen's backing. Called by
 * invoke.c and, when the device has answered, by driver.c.
 *
 * Invariants
 *  1. The pages that the device may read are pinned, from the attach that named them until the next
 *     attach or detach has been carried out.
 *  2. One sequence of commands is in progress at a time; whoever wants another waits.
 */
#include "kernel/driver/devices.h"
#include "kernel/driver/virtio_gpu.h"
#include "kernel/keys.h"
#include "kernel/sched.h"

static struct {
    struct page_frame *pages[LIMIT_DISPLAY_PAGES]; /* pinned */
    unsigned page_count;                           /* 0: nothing is attached */
    bool hiding; /* the picture is being taken down; its pages are still pinned */
    struct queue waiters;
} display;

static void pages_unpin(void)
{
    for (unsigned i = 0; i < display.page_count; i++)
        display.pages[i]->pinned--;
    display.page_count = 0;
}

void display_finished(void)
{
    if (virtio_gpu_busy())
        return;
    if (display.hiding)
        pages_unpin();
    display.hiding = false;
    sched_wake_all(&display.waiters);
}

static void hide(void)
{
    display.hiding = true;
    virtio_gpu_hide();
}

static enum invoked wait_for_device(void)
{
    (void)sched_stall(&display.waiters);
    return INVOKED_STALL;
}

/* The page at an offset of the segment in the message. FETCH_VOID: there is none, or it is
 * read-only. */
static enum fetch backing_page(struct invocation *invocation, uint64_t offset,
                               struct page_frame **page)
{
    struct segment_walk walk;
    struct key key = invocation->message.keys[0]; /* a walk may void the key it begins with */
    enum fetch fetch = segment_walk(&key, offset, &walk);
    if (fetch != FETCH_PRESENT)
        return fetch;
    if (walk.fault != MEMORY_OK)
        return FETCH_VOID;
    *page = walk.page;
    return FETCH_PRESENT;
}

static enum invoked display_attach(struct invocation *invocation)
{
    struct display_info info;
    struct page_frame *page;
    if (!virtio_gpu_info(&info))
        return invoke_answer(invocation, RC_DEVICE);
    if (virtio_gpu_busy())
        return wait_for_device();
    unsigned count = (info.stride_bytes * info.height + PAGE_BYTES - 1) / PAGE_BYTES;
    kassert(count <= LIMIT_DISPLAY_PAGES);
    for (unsigned i = 0; i < count; i++) {
        enum fetch fetch = backing_page(invocation, (uint64_t)i * PAGE_BYTES, &page);
        if (fetch == FETCH_STALL)
            return INVOKED_STALL;
        if (fetch == FETCH_VOID)
            return invoke_answer(invocation, RC_FORMAT);
    }
    if (display.page_count > 0) { /* take the old picture down first, then come back */
        hide();
        return wait_for_device();
    }
    commit_point(invocation);
    for (unsigned i = 0; i < count; i++) {
        enum fetch fetch = backing_page(invocation, (uint64_t)i * PAGE_BYTES, &page);
        kassert(fetch == FETCH_PRESENT);
        page->pinned++;
        display.pages[i] = page;
        virtio_gpu_backing(i, page->data);
    }
    display.page_count = count;
    virtio_gpu_show(count);
    return invoke_answer(invocation, RC_OK);
}

static enum invoked display_flush(struct invocation *invocation)
{
    struct display_info info;
    struct display_rectangle at;
    if (!virtio_gpu_info(&info))
        return invoke_answer(invocation, RC_DEVICE);
    if (invoke_string(invocation, &at, sizeof(at)) != sizeof(at) || at.x > info.width ||
        at.y > info.height || at.width > info.width - at.x || at.height > info.height - at.y)
        return invoke_answer(invocation, RC_FORMAT);
    if (display.page_count == 0)
        return invoke_answer(invocation, RC_RESTARTED);
    if (virtio_gpu_busy())
        return wait_for_device();
    if (virtio_gpu_failed())
        return invoke_answer(invocation, RC_DEVICE);
    commit_point(invocation);
    if (at.width > 0 && at.height > 0)
        virtio_gpu_flush(&at);
    return invoke_answer(invocation, RC_OK);
}

static enum invoked display_detach(struct invocation *invocation)
{
    if (!virtio_gpu_present())
        return invoke_answer(invocation, RC_DEVICE);
    if (virtio_gpu_busy())
        return wait_for_device();
    commit_point(invocation);
    if (display.page_count > 0)
        hide();
    return invoke_answer(invocation, RC_OK);
}

enum invoked display_invoke(struct invocation *invocation)
{
    struct display_info info;
    switch (invocation->message.code) {
    case ORDER_TYPE:
        return invoke_answer(invocation, AKT_DISPLAY);
    case DISPLAY_INFO:
        if (!virtio_gpu_info(&info))
            return invoke_answer(invocation, RC_DEVICE);
        invoke_reply_bytes(invocation, &info, sizeof(info));
        return invoke_answer(invocation, RC_OK);
    case DISPLAY_ATTACH:
        return display_attach(invocation);
    case DISPLAY_FLUSH:
        return display_flush(invocation);
    case DISPLAY_DETACH:
        return display_detach(invocation);
    default:
        return invoke_answer(invocation, RC_BAD_ORDER);
    }
}
