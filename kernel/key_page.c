/* SPDX-License-Identifier: GPL-2.0-or-later */
/* key_page.c - orders on page keys. Called by invoke.c. Sources: keykos.md 2.6. */
#include "kernel/keys.h"


static bool read_only(const struct invocation *invocation)
{
    return key_data_byte(invocation->key) & KEY_READ_ONLY;
}

static bool all_zero(const uint8_t *data)
{
    const uint64_t *words = (const uint64_t *)data;
    for (unsigned i = 0; i < PAGE_BYTES / sizeof(uint64_t); i++)
        if (words[i] != 0)
            return false;
    return true;
}

static enum invoked page_read(struct invocation *invocation)
{
    uint64_t words[2]; /* offset, length */
    if (invoke_string(invocation, words, sizeof(words)) != sizeof(words) ||
        words[0] > PAGE_BYTES || words[1] > PAGE_BYTES - words[0])
        return invoke_answer(invocation, RC_FORMAT);
    commit_point(invocation);
    invocation->reply.string.piece[0] =
        (struct piece){invocation->page->data + words[0], (uint32_t)words[1]};
    invocation->reply.length_bytes = words[1];
    return invoke_answer(invocation, RC_OK);
}

static enum invoked page_write(struct invocation *invocation, uint64_t offset)
{
    uint64_t length = invocation->message.length_bytes;
    if (length > PAGE_BYTES - offset)
        return invoke_answer(invocation, RC_FORMAT);
    commit_point(invocation);
    page_dirty(invocation->page);
    (void)pieces_copy_out(&invocation->message.string, 0, invocation->page->data + offset, length);
    return invoke_answer(invocation, RC_OK);
}

static enum invoked page_copy(struct invocation *invocation)
{
    struct key *key = &invocation->message.keys[0];
    struct page_frame *source, *target = invocation->page;
    if (key_type(key) != KEY_PAGE)
        return invoke_answer(invocation, RC_FORMAT);
    target->pinned++;
    enum fetch fetch = key_page(key, &source);
    target->pinned--;
    if (fetch == FETCH_STALL)
        return INVOKED_STALL;
    if (fetch == FETCH_VOID)
        return invoke_answer(invocation, RC_FORMAT);
    commit_point(invocation);
    page_dirty(target);
    memmove(target->data, source->data, PAGE_BYTES);
    return invoke_answer(invocation, RC_OK);
}

enum invoked page_invoke(struct invocation *invocation)
{
    struct page_frame *page = invocation->page;
    uint64_t code = invocation->message.code;
    bool change = code == PAGE_CLEAR || code == PAGE_COPY ||
                  (code >= PAGE_WRITE && code < PAGE_WRITE + PAGE_BYTES);
    if (change && read_only(invocation))
        return invoke_answer(invocation, RC_READ_ONLY);
    if (code >= PAGE_WRITE && code < PAGE_WRITE + PAGE_BYTES)
        return page_write(invocation, code - PAGE_WRITE);
    switch (code) {
    case ORDER_TYPE:
        return invoke_answer(invocation, AKT_PAGE | (read_only(invocation) ? AKT_READ_ONLY : 0));
    case PAGE_MAKE_READ_ONLY:
        commit_point(invocation);
        invocation->reply.keys[0] =
            key_make(KEY_PAGE, KEY_READ_ONLY, page->object_id, page->allocation_count);
        return invoke_answer(invocation, RC_OK);
    case PAGE_CLEAR:
        commit_point(invocation);
        page_dirty(page);
        memset(page->data, 0, PAGE_BYTES);
        return invoke_answer(invocation, RC_OK);
    case PAGE_TEST_ZERO:
        return invoke_answer(invocation, all_zero(page->data) ? 0 : 1);
    case PAGE_COPY:
        return page_copy(invocation);
    case PAGE_READ:
        return page_read(invocation);
    default:
        return invoke_answer(invocation, RC_BAD_ORDER);
    }
}
