/* SPDX-License-Identifier: GPL-2.0-or-later */
/* migrate_pots.c - batches of pots: brought in, changed, written. Invariants: migrate_pots.h.
 *
 *   LOOK -> GATHER -> (of a batch: MOVE -> SHADOW -> WRITE_HOME -> LOOK -> GATHER) -> FLUSH ->
 *   FLUSHING -> ENDED
 *
 * For plex 0 it is known, by a look, of which generation plex 1 is: if what comes is older, both
 * are read. For plex 1 it is no matter: all that this generation changed is changed once more.
 * Where the other plex is not in step, the pots go to their shadows first, and a flush comes
 * between: two sets of shadows in turn, for that flush makes the batch before durable, too. In
 * generation 0 a batch goes from MOVE to LOOK.
 */
#include "kernel/migrate_pots.h"

#include "kernel/checkpoint.h"
#include "kernel/directory.h"
#include "kernel/io.h"
#include "kernel/look.h"
#include "kernel/pot.h"

#define POTS_MAX 16u /* of a batch */
static_assert(2 * POTS_MAX == SHADOW_BLOCKS, "two sets");
#define POTS_READ_MAX 3u /* at a time: when they have come, their checksums are taken at once */

enum state { LOOK, GATHER, MOVE, SHADOW, WRITE_HOME, FLUSH, FLUSHING, ENDED };

struct held_pot {
    struct pot *pot;
    enum range_kind kind;
    uint64_t first_id;
    uint64_t newest; /* generation of plex 1, perhaps; 0: that is no matter */
    bool look;       /* both plexes must be read */
};

static struct {
    enum state state;
    unsigned plex;
    uint64_t generation;
    bool failed;
    unsigned asked;      /* requests that are under way */
    uint32_t place, end; /* in the order: of what is not in its pot yet; of the next batch */
    unsigned count, sealed;    /* of the batch */
    unsigned shadows, written; /* of the batch that were asked to be written */
    bool shadowed; /* they are durable, or will be when nothing is asked for */
    bool odd; /* the batch: its shadows are the second set */
} pots;
static struct held_pot held_pots[POTS_MAX];

void migrate_pots_begin(unsigned plex, uint64_t generation)
{
    kassert(pots.asked == 0);
    kassert(pots.count == 0);
    pots.state = LOOK;
    pots.plex = plex;
    pots.generation = generation;
    pots.failed = false;
    pots.place = pots.end = 0;
    look_begin();
}

static void one_answered(void *object, bool good)
{
    (void)object;
    kassert(pots.asked > 0);
    pots.asked--;
    pots.failed |= !good;
}

static const struct io_owner pots_owner = {one_answered, NULL};

static bool has_home(const struct directory_entry *entry, struct volume_home *home)
{
    return volume_home_any(directory_pot_kind(entry), directory_id(entry), home);
}

/* true: it is known what is in plex 1, as far as it matters. */
static bool look(void)
{
    return pots.plex == 1 || look_step();
}

/* Is its pot of this batch, or can it be? */
static bool pot_gather(const struct directory_entry *entry, uint64_t first_id)
{
    struct held_pot *last = &held_pots[pots.count - 1];
    if (pots.count > 0 && last->kind == directory_pot_kind(entry) && last->first_id == first_id)
        return true;
    uint64_t newest = 0;
    if (pots.count == POTS_MAX || pots.count >= pot_spare() ||
        (pots.plex == 0 && !look_take(&newest)))
        return false;
    held_pots[pots.count++] = (struct held_pot){
        .kind = directory_pot_kind(entry), .first_id = first_id, .newest = newest};
    return true;
}

/* Is a pot in no good copy while it is written? */
static bool is_alone(enum range_kind kind, uint64_t id)
{
    struct volume_home home;
    return volume_home(kind, id, 0, &home) != volume_home(kind, id, 1, &home);
}

/* The entries of the next few pots; in generation 0, of those that are alone. */
static bool gather(void)
{
    struct volume_home home;
    const struct directory_entry *entry;
    while ((entry = directory_ordered(pots.end)) != NULL) {
        if (checkpoint_time_is_up())
            return false;
        if (has_home(entry, &home) &&
            (pots.generation > 0 || is_alone(directory_pot_kind(entry), directory_id(entry))) &&
            !pot_gather(entry, home.first_id))
            break;
        pots.end++;
    }
    return true;
}

/* Is a pot here, to be changed? */
static enum fetch hold_one(struct held_pot *held)
{
    enum fetch fetch = pot_get(held->kind, held->first_id, held->look, &held->pot);
    if (fetch != FETCH_PRESENT)
        return fetch;
    held->pot->changing = true;
    if (((const uint64_t *)held->pot->data)[1] >= held->newest)
        return FETCH_PRESENT;
    pot_drop(held->pot);
    held->pot = NULL;
    held->newest = 0;
    held->look = true;
    return pot_get(held->kind, held->first_id, true, &held->pot);
}

/* All pots of the batch are here, to be changed. */
static bool hold(void)
{
    unsigned waiting = 0;
    for (unsigned i = 0; i < pots.count && waiting < POTS_READ_MAX; i++) {
        enum fetch fetch = held_pots[i].pot ? FETCH_PRESENT : hold_one(&held_pots[i]);
        pots.failed |= fetch == FETCH_VOID;
        waiting += fetch != FETCH_PRESENT;
    }
    return waiting == 0;
}

/* Put what an entry says into its pot. false: something must be waited for. */
static bool entry_change(const struct directory_entry *entry)
{
    const struct held_pot *held = held_pots;
    enum range_kind kind = directory_pot_kind(entry);
    uint64_t id = directory_id(entry), each = range_objects_per_block((uint8_t)kind);
    while (held->kind != kind || id - held->first_id >= each)
        held++;
    kassert(held < held_pots + pots.count);
    void *block = held->pot->data;
    if (entry->kind == DIRECTORY_NODE) {
        const struct disk_node *node;
        enum fetch fetch = pot_area_node(entry, &node);
        if (fetch == FETCH_PRESENT)
            ((struct node_pot *)block)->nodes[id - held->first_id] = *node;
        pots.failed |= fetch == FETCH_VOID;
        return fetch == FETCH_PRESENT;
    }
    uint64_t flags = entry->kind == DIRECTORY_ZERO_PAGE ? PAGE_POT_ZERO : 0;
    ((struct page_pot *)block)->pages[id - held->first_id] = (struct page_pot_entry){
        entry->allocation_count | flags << PAGE_POT_FLAGS_SHIFT, entry->checksum_or_calls};
    return true;
}

/* Ask for pots that lie together to be written. 0: there is no room. */
static unsigned write_run(void)
{
    void *blocks[POTS_MAX];
    unsigned count = 0;
    const struct held_pot *first = &held_pots[pots.written];
    uint64_t each = range_objects_per_block((uint8_t)first->kind);
    while (pots.written + count < pots.count && first[count].kind == first->kind &&
           first[count].first_id == first->first_id + count * each) {
        blocks[count] = first[count].pot->data;
        count++;
    }
    return io_write(first->kind, first->first_id, blocks, count,
                    IO_PLEX(pots.plex), pots_owner);
}

/* true: what needs shadows has them. */
static bool shadow(void)
{
    void *blocks[POTS_MAX];
    bool alone = false;
    for (unsigned i = 0; i < pots.count; i++) {
        blocks[i] = held_pots[i].pot->data;
        alone |= is_alone(held_pots[i].kind, held_pots[i].first_id);
    }
    while (alone && pots.shadows < pots.count) {
        uint64_t first_id = checkpoint_shadow() + (pots.odd ? POTS_MAX : 0) + pots.shadows;
        unsigned count =
            io_write(RANGE_CKPT_AREA, first_id, blocks + pots.shadows,
                     pots.count - pots.shadows, IO_PLEXES - IO_STREAM, pots_owner);
        if (count == 0)
            return false;
        pots.shadows += count;
        pots.asked++;
    }
    if (pots.asked > 0 || !alone || pots.shadowed)
        return pots.asked == 0;
    pots.shadowed = io_flush(pots_owner);
    pots.asked += pots.shadowed;
    return false;
}

/* true: the pots of the batch are as they will be at home. */
static bool move(void)
{
    struct volume_home home;
    if (!hold())
        return false;
    if (pots.generation == 0) {
        pots.place = pots.end;
        pots.sealed = pots.count;
    }
    for (; pots.place < pots.end; pots.place++) {
        const struct directory_entry *entry = directory_ordered(pots.place);
        if (checkpoint_time_is_up() || (has_home(entry, &home) && !entry_change(entry)))
            return false;
    }
    for (; pots.sealed < pots.count; pots.sealed++) {
        if (checkpoint_time_is_up())
            return false;
        (void)pot_seal(held_pots[pots.sealed].pot, pots.generation);
    }
    return true;
}

/* The batch is over. */
static void drop(void)
{
    for (unsigned i = 0; i < pots.count; i++)
        if (held_pots[i].pot)
            pot_changed(held_pots[i].pot);
    pots.count = pots.sealed = pots.shadows = pots.written = 0;
    pots.odd ^= pots.shadowed;
    pots.shadowed = false;
}

/* true: they are there, and have gone. */
static bool write_home(void)
{
    while (pots.written < pots.count) {
        unsigned count = write_run();
        if (count == 0)
            return false;
        pots.asked++;
        pots.written += count;
    }
    if (pots.asked > 0)
        return false;
    drop();
    return true;
}

/* Ask that what was written becomes durable. */
static bool flush(void)
{
    bool asked = io_flush(pots_owner);
    pots.asked += asked;
    return asked;
}

static bool flushed(void)
{
    return pots.asked == 0;
}

/* One after the other; true: the next one's turn. */
static bool (*const steps[])(void) = {
    [LOOK] = look, [GATHER] = gather, [MOVE] = move, [SHADOW] = shadow, [WRITE_HOME] = write_home,
    [FLUSH] = flush, [FLUSHING] = flushed};

static enum state next_state(void)
{
    if (pots.state == GATHER)
        return pots.count > 0 ? MOVE : FLUSH;
    if (pots.state == MOVE && pots.generation == 0) {
        drop();
        return LOOK;
    }
    return pots.state == WRITE_HOME ? LOOK : pots.state + 1;
}

enum migrate_pots migrate_pots_step(void)
{
    while (!pots.failed && pots.state != ENDED && steps[pots.state]())
        pots.state = next_state();
    if (!pots.failed)
        return pots.state == ENDED ? MIGRATE_POTS_HOME : MIGRATE_POTS_WAIT;
    if (pots.asked > 0)
        return MIGRATE_POTS_WAIT;
    drop();
    return MIGRATE_POTS_FAILED;
}
