/* SPDX-License-Identifier: GPL-2.0-or-later */
/* space.c - which address key has which root table. Called by domain.c (who runs where), segment.c
 * (building), table.c (may a root go) and sched; calls table, and domain when a space is taken from
 * a key. Invariants: space.h. satp: RISC-V privileged specification 1.12, section 4.1.11. */
#include "kernel/space.h"

#include "kernel/arch/arch.h"
#include "kernel/check.h"
#include "kernel/depend.h"
#include "kernel/domain.h"

/* Odd: prime to the sizes of hash tables. Any address, less its last 16 bits, stays below 2^48. */
#define SPACE_SPREAD (1ull << 48 | 37u)

static struct {
    const uint64_t *kernel_root;
    unsigned count; /* spaces from here on stay unused */
    unsigned hand;
    uint64_t asid; /* the last one given, since all were new */
} space;
static struct space spaces[LIMIT_SPACES];

COLD void space_init(unsigned count, const uint64_t *kernel_root)
{
    kassert(count >= LIMIT_SPACES_MIN);
    kassert(count <= LIMIT_SPACES);
    space.count = count;
    space.kernel_root = kernel_root;
}

/* Its key and its tables are not its own any more; the kernel may be running on its root. */
static void space_give_up(struct space *of)
{
    arch_space_leave();
    of->root->part.count = 0;
    table_clear(of->root, 0, TABLE_ENTRIES);
    of->root->serial++;
    of->used = false;
    domain_spaces_lost();
}

bool space_age(const struct table *root, bool last)
{
    struct space *of = spaces;
    while (of->root != root)
        of++;
    if (of->used && of->recent && !last) {
        of->recent = false;
        domain_spaces_lost(); /* those who use it ask again */
        return false;
    }
    if (of->used)
        space_give_up(of);
    of->root = NULL;
    return true;
}

/* A space to use for another key: unused, or one not asked for lately. */
static struct space *space_take(void)
{
    for (unsigned i = 0; i < space.count; i++)
        if (!spaces[i].used)
            return &spaces[i];
    for (;;) {
        struct space *taken = &spaces[space.hand];
        space.hand = space.hand + 1 < space.count ? space.hand + 1 : 0;
        if (!taken->recent) {
            space_give_up(taken);
            return taken;
        }
        taken->recent = false;
    }
}

static void root_take(struct space *of)
{
    static const struct table_part root_part = {0};
    of->root = table_take(2, &root_part);
    memcpy(of->root->entries + KERNEL_ENTRY_FIRST, space.kernel_root + KERNEL_ENTRY_FIRST,
           (TABLE_ENTRIES - KERNEL_ENTRY_FIRST) * sizeof(uint64_t));
}

/* All ASIDs were given: nobody has one, until it is asked for again. */
COLD static void asids_renew(void)
{
    arch_space_leave();
    table_edited(FENCE_ALL, FENCE_ALL);
    domain_spaces_lost(); /* their satp will be another */
    space.asid = 0;
    for (unsigned i = 0; i < LIMIT_SPACES; i++)
        if (spaces[i].root)
            spaces[i].root->part.count = 0;
}

/* On a hart that has no ASIDs, 1 is written and means nothing. */
static void asid_give(struct space *of)
{
    if (space.asid >= arch_asid_max())
        asids_renew();
    of->root->part.count = ++space.asid;
    of->satp = arch_satp(arch_virtual_to_physical(of->root->entries), space.asid);
}

static struct space *space_make(const struct key *key)
{
    struct space *of = space_take();
    if (!of->root)
        root_take(of);
    of->key = *key;
    of->used = true;
    of->spread = ((uint64_t)(of - spaces) + 1) * SPACE_SPREAD;
    return of;
}

struct space *space_of(const struct key *key)
{
    struct space *of = spaces;
    while (of < spaces + LIMIT_SPACES && !(of->used && key_equal(&of->key, key)))
        of++;
    if (of == spaces + LIMIT_SPACES)
        of = space_make(key);
    of->recent = true;
    if (of->root->part.count == 0)
        asid_give(of);
    return of;
}

COLD void space_drop_all(void)
{
    arch_space_leave();
    depend_forget_all();
    table_drop_all();
    memset(spaces, 0, sizeof(spaces));
    domain_spaces_lost();
    domain_buffers_lost();
}

bool space_tables(struct space *of, uint64_t addr, const struct table_part parts[2],
                  struct table *tables[3])
{
    tables[2] = of->root;
    tables[2]->held = true;
    uint64_t asid = of->root->part.count;
    bool good = table_below(tables[2], addr, &parts[1], asid, &tables[1]);
    tables[1]->held = true;
    good &= table_below(tables[1], addr, &parts[0], asid, &tables[0]);
    tables[2]->held = tables[1]->held = false;
    /* Taking one table may have cleared the way to another: what led to it once is not forgotten
     * when it leads elsewhere. */
    return good && table_at(tables[2], addr, 0) == tables[0];
}

COLD bool space_check(uint32_t index)
{
    if (index == LIMIT_SPACES)
        return false;
    struct space *one = &spaces[index];
    if (!one->used)
        return true;
    if (!one->root || !one->root->in_use || one->root->level != 2)
        panic("SPAC-001 a space has no root table");
    check_space(one);
    return true;
}
