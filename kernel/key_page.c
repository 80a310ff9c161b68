/* SPDX-License-Identifier: GPL-2.0-or-later */
/* key_page.c - orders on page keys. Called by order.c. Source: KeyKOS jpagec.c. */
#include "kernel/keys.h"

enum invoked page_read(struct invocation *invocation)
{
    uint64_t words[2]; /* offset, length */
    (void)invoke_string(invocation, words, sizeof(words));
    if (words[0] > PAGE_BYTES || words[1] > PAGE_BYTES - words[0])
        return invoke_answer(invocation, RC_FORMAT);
    return invoke_answer_string(invocation, invocation->page->data + words[0], words[1]);
}

enum invoked page_write(struct invocation *invocation)
{
    uint64_t offset = invocation->message.code - PAGE_WRITE;
    uint64_t length = invocation->message.length_bytes;
    if (length > PAGE_BYTES - offset)
        return invoke_answer(invocation, RC_FORMAT);
    if (object_page_writable(invocation->page) == FETCH_STALL)
        return INVOKED_STALL;
    commit_point(invocation);
    page_dirty(invocation->page);
    (void)pieces_copy_out(&invocation->message.string, 0, invocation->page->data + offset, length);
    return invoke_answer(invocation, RC_OK);
}

enum invoked page_copy(struct invocation *invocation)
{
    struct key *key = &invocation->message.keys[0];
    struct page_frame *source, *target = invocation->page;
    if (key_type(key) != KEY_PAGE)
        return invoke_answer(invocation, RC_FORMAT);
    target->pinned++;
    enum fetch fetch = key_page(key, &source);
    target->pinned--;
    if (fetch != FETCH_PRESENT)
        return invoke_unfetched(invocation, fetch, RC_FORMAT);
    if (object_page_writable(target) == FETCH_STALL)
        return INVOKED_STALL;
    commit_point(invocation);
    page_dirty(target);
    if (target != source)
        memcpy(target->data, source->data, PAGE_BYTES);
    return invoke_answer(invocation, RC_OK);
}

enum invoked page_make_read_only(struct invocation *invocation)
{
    const struct page_frame *page = invocation->page;
    return invoke_answer_key(
        invocation, key_make(KEY_PAGE, KEY_READ_ONLY, page->object_id, page->allocation_count));
}

enum invoked page_clear(struct invocation *invocation)
{
    if (object_page_writable(invocation->page) == FETCH_STALL)
        return INVOKED_STALL;
    commit_point(invocation);
    page_dirty(invocation->page);
    memset(invocation->page->data, 0, PAGE_BYTES);
    return invoke_answer(invocation, RC_OK);
}

enum invoked page_test_zero(struct invocation *invocation)
{
    return invoke_answer(invocation, object_page_is_zero(invocation->page) ? 0 : 1);
}
