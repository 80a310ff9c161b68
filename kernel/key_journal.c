/* SPDX-License-Identifier: GPL-2.0-or-later */
/* key_journal.c - orders on the journal key. Called by order.c; calls journal.c. */
#include "kernel/journal.h"
#include "kernel/keys.h"

/* It is asked for again after each wait: whoever changed the page meanwhile, what it holds when
 * this is answered is what will survive. */
enum invoked journal_write(struct invocation *invocation)
{
    struct key *key = &invocation->message.keys[0];
    struct page_frame *page;
    if (key_type(key) != KEY_PAGE)
        return invoke_answer(invocation, RC_FORMAT);
    enum fetch fetch = key_page(key, &page);
    if (fetch != FETCH_PRESENT)
        return invoke_unfetched(invocation, fetch, RC_FORMAT);
    fetch = journal_commit(page);
    return invoke_unfetched(invocation, fetch, fetch == FETCH_PRESENT ? RC_OK : RC_DEVICE);
}

enum invoked journal_restart_count(struct invocation *invocation)
{
    uint64_t restarts = journal_restarts();
    return invoke_answer_bytes(invocation, &restarts, sizeof(restarts));
}
