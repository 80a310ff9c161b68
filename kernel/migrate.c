/* SPDX-License-Identifier: GPL-2.0-or-later */
/* migrate.c - two passes over the committed directory in the order of homes, a pot at a time.
 * Invariants: migrate.h.
 *
 * The first pass writes the pages of a pot, to all their plexes, and then plex 0 of the pot; the
 * second writes plex 1 of the pots. Between them, and at the end, all disks are flushed, so that no
 * cut finds both plexes of a pot half written. The second pass makes the same changes to the same
 * pots again, for they may not be in memory any more.
 */
#include "kernel/migrate.h"

#include "disks/checksum.h"
#include "kernel/directory.h"
#include "kernel/io.h"
#include "kernel/object.h"
#include "kernel/pot.h"
#include "kernel/print.h"

#define BUFFERS 8u /* pages on their way home at a time */

enum state { NEXT, CHANGE, WRITE, WAIT, FLUSHING };
enum leg { LEG_NONE, LEG_READ, LEG_WRITE };

/* A page on its way home. */
struct passage {
    struct directory_entry entry;
    enum leg leg;
    bool asked;
    uint8_t data[BLOCK_BYTES] __attribute__((aligned(16)));
};

static struct {
    enum state state;
    unsigned pass;
    uint64_t generation;
    struct directory_entry entry; /* the next one; kind 0: none is left */
    struct pot *pot;              /* being changed */
    enum range_kind kind;         /* of it */
    uint64_t first_id;
    bool asked, failed, homeless;
    struct passage passages[BUFFERS];
} migrate;

static void entry_next(void)
{
    const struct directory_entry *entry = directory_order_next();
    migrate.entry = entry ? *entry : (struct directory_entry){.kind = 0};
}

static void pass_begin(unsigned pass)
{
    migrate.pass = pass;
    migrate.state = NEXT;
    directory_order_begin(DIRECTORY_COMMITTED);
    entry_next();
}

void migrate_begin(uint64_t generation)
{
    migrate.generation = generation;
    migrate.homeless = false;
    pass_begin(0);
}

static void one_answered(void *object, bool good)
{
    (void)object;
    migrate.asked = false;
    migrate.failed |= !good;
}

static void passage_answered(void *object, bool good)
{
    struct passage *passage = object;
    migrate.failed |= !good;
    passage->asked = false;
    passage->leg = passage->leg == LEG_READ ? LEG_WRITE : LEG_NONE;
}

/* Ask for the next request of a page on its way, if there is room for it. */
static void passage_go_on(struct passage *passage)
{
    uint64_t id = directory_id(&passage->entry);
    struct io_owner owner = {passage_answered, passage};
    void *data = passage->data;
    if (passage->asked || passage->leg == LEG_NONE)
        return;
    if (passage->leg == LEG_WRITE) {
        passage->asked = io_write(RANGE_PAGES, id, &data, 1, IO_PLEXES, owner) == 1;
        return;
    }
    struct io_check check = {.how = IO_CHECK_WHOLE, .seed = checksum_seed(CHECKSUM_PAGE, id),
                             .checksum = passage->entry.checksum_or_calls};
    passage->asked = io_read(RANGE_CKPT_AREA, passage->entry.location, data, &check, owner);
}

/* The page of the next entry sets out. false: all buffers are in use. */
static bool passage_begin(void)
{
    struct passage *passage = migrate.passages;
    while (passage < migrate.passages + BUFFERS && passage->leg != LEG_NONE)
        passage++;
    if (passage == migrate.passages + BUFFERS)
        return false;
    const struct page_frame *page = object_page_present(directory_id(&migrate.entry));
    passage->entry = migrate.entry;
    passage->leg = LEG_READ;
    if (page && !page->dirty && page->state == PAGE_PRESENT && !page->failed) {
        memcpy(passage->data, page->data, BLOCK_BYTES);
        passage->leg = LEG_WRITE;
    }
    passage_go_on(passage);
    return true;
}

/* Does the next entry belong to the pot being changed? */
static bool entry_is_of_pot(void)
{
    struct volume_home home;
    enum range_kind kind = migrate.entry.kind == DIRECTORY_NODE ? RANGE_NODES : RANGE_PAGE_POTS;
    uint64_t id = directory_id(&migrate.entry);
    return migrate.entry.kind != 0 && kind == migrate.kind &&
           (volume_home(kind, id, 0, &home) || volume_home(kind, id, 1, &home)) &&
           home.first_id == migrate.first_id;
}

/* Put what the next entry says into its pot. false: something must be waited for. */
static bool entry_change(void *block)
{
    uint64_t place = directory_id(&migrate.entry) - migrate.first_id;
    const struct directory_entry *entry = &migrate.entry;
    if (entry->kind == DIRECTORY_NODE) {
        const struct disk_node *node;
        enum fetch fetch = pot_area_node(entry, &node);
        if (fetch == FETCH_PRESENT)
            ((struct node_pot *)block)->nodes[place] = *node;
        migrate.failed |= fetch == FETCH_VOID;
        return fetch == FETCH_PRESENT;
    }
    if (entry->kind == DIRECTORY_PAGE && migrate.pass == 0 && !passage_begin())
        return false;
    uint64_t flags = entry->kind == DIRECTORY_ZERO_PAGE ? PAGE_POT_ZERO : 0;
    ((struct page_pot *)block)->pages[place] = (struct page_pot_entry){
        entry->allocation_count | flags << PAGE_POT_FLAGS_SHIFT, entry->checksum_or_calls};
    return true;
}

/* Begin with the pot of the next entry. */
static bool pot_begin(void)
{
    migrate.kind = migrate.entry.kind == DIRECTORY_NODE ? RANGE_NODES : RANGE_PAGE_POTS;
    uint64_t id = directory_id(&migrate.entry);
    enum fetch fetch = pot_change(migrate.kind, id, &migrate.pot, &migrate.first_id);
    if (fetch == FETCH_VOID && !migrate.homeless) {
        migrate.homeless = true;
        print_line("store: %s %lu has no home that can be read; its checkpoint is kept",
                   volume_kind_name(migrate.kind), id);
    }
    return fetch == FETCH_PRESENT;
}

static bool pages_are_home(void)
{
    bool all = true;
    for (unsigned i = 0; i < BUFFERS; i++) {
        passage_go_on(&migrate.passages[i]);
        all &= migrate.passages[i].leg == LEG_NONE;
    }
    return all;
}

static bool pot_write(void)
{
    void *block = pot_seal(migrate.pot, migrate.generation);
    return io_write(migrate.kind, migrate.first_id, &block, 1, IO_PLEX(migrate.pass),
                    (struct io_owner){one_answered, NULL}) == 1;
}

/* One step. false: something must be waited for, or all is done. */
static bool step(void)
{
    switch (migrate.state) {
    case NEXT:
        if (migrate.entry.kind != 0 ? !pot_begin() : !io_flush((struct io_owner){one_answered,
                                                                                NULL}))
            return false;
        migrate.asked = migrate.entry.kind == 0;
        migrate.state = migrate.asked ? FLUSHING : CHANGE;
        return true;
    case CHANGE:
        for (; entry_is_of_pot(); entry_next())
            if (!entry_change(pot_block(migrate.pot)))
                return false;
        migrate.state = WRITE;
        return true;
    case WRITE:
        if (!pages_are_home() || !pot_write())
            return false;
        migrate.asked = true;
        migrate.state = WAIT;
        return true;
    case WAIT:
        if (migrate.asked)
            return false;
        pot_changed(migrate.pot);
        migrate.state = NEXT;
        return true;
    case FLUSHING:
        if (migrate.asked || migrate.pass == 1)
            return false;
        pass_begin(1);
        return true;
    }
    panic("MIGR-001 no such state");
}

bool migrate_step(void)
{
    (void)pages_are_home();
    while (step())
        continue;
    if (migrate.failed)
        halt("store: generation %lu cannot be brought home", migrate.generation);
    return migrate.state == FLUSHING && !migrate.asked && migrate.pass == 1;
}
