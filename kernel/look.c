/* SPDX-License-Identifier: GPL-2.0-or-later */
/* look.c - reads the first sectors of pots. Invariants: look.h. */
#include "kernel/look.h"

#include "kernel/checkpoint.h"
#include "kernel/directory.h"
#include "kernel/io.h"

#define POTS_MAX 128u /* looked at in a row: those of 32,000 pages in a row */
#define SECTORS_MAX 4u /* at a time: enough that a platter turns but once for pots in a row */

struct sector {
    uint64_t words[SECTOR_BYTES / sizeof(uint64_t)]; /* of a pot: its checksum, its generation */
};

static struct {
    uint32_t place;       /* in the order: of what was not asked for yet */
    enum range_kind kind; /* of the last pot */
    uint64_t first_id, end_id;
    bool looking;
    unsigned asked, taken; /* of the generations */
    unsigned used;         /* bit n: sectors[n] is being read */
    uint8_t pots[SECTORS_MAX]; /* which it is of */
    uint64_t generations[POTS_MAX];
} look;
static struct sector sectors[SECTORS_MAX];

void look_begin(void)
{
    kassert(look.used == 0);
    look.place = 0;
    look.end_id = look.first_id = 0;
    look.asked = look.taken = 0;
    look.looking = false;
}

static void answered(void *object, bool good)
{
    const struct sector *sector = object;
    unsigned index = (unsigned)(sector - sectors);
    look.used &= ~(1u << index);
    if (good)
        look.generations[look.pots[index]] = sector->words[1];
}

/* Ask for the pot of an entry, if that was not done. false: something must be waited for. */
static bool ask(const struct directory_entry *entry)
{
    struct volume_home home;
    enum range_kind kind = directory_pot_kind(entry);
    uint64_t id = directory_id(entry);
    if (kind == look.kind && look.first_id <= id && id < look.end_id)
        return true;
    if (!volume_home_any(kind, id, &home))
        return true;
    unsigned free = 0;
    while (look.used >> free & 1)
        free++;
    if (free == SECTORS_MAX || !io_read_sector(kind, home.first_id, 1, &sectors[free],
                                               (struct io_owner){answered, &sectors[free]}))
        return false;
    look.used |= 1u << free;
    look.pots[free] = (uint8_t)look.asked;
    look.generations[look.asked++] = 0;
    look.kind = kind;
    look.first_id = home.first_id;
    look.end_id = home.first_id + range_objects_per_block((uint8_t)kind);
    return true;
}

bool look_step(void)
{
    const struct directory_entry *entry = NULL;
    if (!look.looking && look.taken < look.asked)
        return true;
    if (!look.looking)
        look.asked = look.taken = 0;
    look.looking = true;
    while (look.asked < POTS_MAX && (entry = directory_ordered(look.place)) != NULL) {
        if (checkpoint_time_is_up() || !ask(entry))
            return false;
        look.place++;
    }
    look.looking = look.used > 0;
    return !look.looking;
}

bool look_take(uint64_t *generation)
{
    kassert(!look.looking);
    if (look.taken == look.asked)
        return false;
    *generation = look.generations[look.taken++];
    return true;
}
