/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ledger.h - the books of a space bank: to which bank each node and each page belongs, and the tree
 * of banks with their limits. Used by bank/; knows offsets in the ranges only, and no keys.
 *
 * The books lie in one piece of memory that the caller gives, and are good as they stand there: no
 * pointers are kept in them. All zero means not begun.
 *
 * Invariants
 *  1. An object is free, lost, bought from exactly one bank, or the door of exactly one bank.
 *  2. held of a bank is the number of objects bought from it and from the banks below it, with the
 *     doors of those below it (a bank's door is bought from the bank above it; the prime bank's
 *     doors from itself); it is never more than limit.
 *  3. The free map has a bit for an object if and only if it is free.
 *  4. A call that returns false has changed nothing.
 */
#ifndef LATCHKEY_DOMAINS_LEDGER_H
#define LATCHKEY_DOMAINS_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum space { SPACE_NODES = 0, SPACE_PAGES = 1, SPACE_KINDS };

#define LEDGER_PRIME 0u        /* the bank that has everything */
#define LEDGER_BANKS_MAX 16384u /* owners are 16 bits, with two marks */
/* Banks above a bank. A purchase is charged to all of them, so this bounds what a purchase costs;
 * meters have the same kind of limit (kernel/abi.h). */
#define LEDGER_DEPTH_MAX 32u
#define LEDGER_DOORS 8u        /* a key of a bank for every set of forbidden things */
#define LEDGER_NONE UINT64_MAX

/* What is forbidden through a key of a bank, as bits. */
#define BANK_NO_DESTROY 1u
#define BANK_NO_QUERY 2u
#define BANK_NO_LIMITS 4u

struct ledger_space { /* a bank's account of one kind */
    uint64_t held, limit;
    uint64_t created, destroyed;
    uint64_t first, end;  /* new objects are taken from here */
    uint64_t cluster;     /* where the last one came from, plus 1 */
};

struct ledger_bank {
    struct ledger_space space[SPACE_KINDS];
    uint64_t doors[LEDGER_DOORS]; /* offset of the node plus 1; 0: none yet */
    uint32_t parent;
    bool exists;
    bool doomed; /* while a bank is being destroyed: it or a bank above it is the one */
};

struct ledger {
    uint64_t magic;
    uint64_t count[SPACE_KINDS];
    uint64_t free_count[SPACE_KINDS];
    uint64_t bank_count; /* banks that there is room for */
    uint64_t map_at[SPACE_KINDS], owners_at[SPACE_KINDS], banks_at; /* offsets in the memory */
};

/* ledger_bytes - how much memory the books of so many objects and banks take. */
size_t ledger_bytes(uint64_t nodes, uint64_t pages, uint64_t banks);
/* ledger_begin - begin books in memory that is zero: all is free, there is the prime bank. false:
 * there is no room for the prime bank and one more. As many banks as fit are provided for. */
bool ledger_begin(struct ledger *ledger, size_t memory_bytes, uint64_t nodes, uint64_t pages);
/* ledger_good - books were begun here, for these numbers of objects. */
bool ledger_good(const struct ledger *ledger, uint64_t nodes, uint64_t pages);

/* ledger_bank - the account of a bank that exists. */
struct ledger_bank *ledger_bank(const struct ledger *ledger, unsigned bank);

/* ledger_buy - take a free object for a bank. Objects that one bank buys lie together where that
 * can be. false: a limit, or no object is free where the bank may take it. */
bool ledger_buy(struct ledger *ledger, unsigned bank, enum space kind, uint64_t *offset);
/* ledger_owns - the object was bought from this very bank. */
bool ledger_owns(const struct ledger *ledger, unsigned bank, enum space kind, uint64_t offset);
/* ledger_sell - an object that the bank owns is free again. */
void ledger_sell(struct ledger *ledger, unsigned bank, enum space kind, uint64_t offset);
/* ledger_lose - as ledger_sell; but the object cannot be used and is never given out again. */
void ledger_lose(struct ledger *ledger, unsigned bank, enum space kind, uint64_t offset);

/* ledger_available - how many more the bank could buy now. */
uint64_t ledger_available(const struct ledger *ledger, unsigned bank, enum space kind);
/* ledger_limit_change - raise or lower a bank's limit, as far as that is possible: not below what
 * is held, not above all there is. Returns the change made. */
int64_t ledger_limit_change(struct ledger *ledger, unsigned bank, enum space kind, int64_t change);
/* ledger_range_set - from now on the bank and those below it buy from [first, end) only. false: no
 * such range. */
bool ledger_range_set(struct ledger *ledger, unsigned bank, enum space kind, uint64_t first,
                      uint64_t end);

/* ledger_open - a new bank under a bank, without a door; its only limits are those above it.
 * LEDGER_NONE: there is no room for one more, or too many banks are above it. */
uint64_t ledger_open(struct ledger *ledger, unsigned parent);
/* ledger_door - buy the node that stands for a bank with these things forbidden. false: as
 * ledger_buy for the bank above. */
bool ledger_door(struct ledger *ledger, unsigned bank, unsigned forbidden, uint64_t *offset);
/* ledger_at_door - whose door a node is, and what is forbidden there. false: it is no door. */
bool ledger_at_door(const struct ledger *ledger, uint64_t offset, unsigned *bank,
                    unsigned *forbidden);

/* ledger_doom - begin to destroy a bank, not the prime one, with all below it. */
void ledger_doom(struct ledger *ledger, unsigned bank);
/* ledger_next_doomed - free the next object that belongs to the doomed banks, at *cursor or after;
 * their doors too. Begin with 0. false: there is none left of this kind. */
bool ledger_next_doomed(struct ledger *ledger, enum space kind, uint64_t *cursor,
                        uint64_t *offset);
/* ledger_close_doomed - the doomed banks, which own nothing any more, cease to exist. */
void ledger_close_doomed(struct ledger *ledger);
/* ledger_merge - close a bank, not the prime one: what was bought from it and the banks below it
 * pass to the bank above. doors: out, the nodes of its doors, which have become free; offsets plus
 * 1, 0 for none. */
void ledger_merge(struct ledger *ledger, unsigned bank, uint64_t doors[LEDGER_DOORS]);

/* ledger_fault - the first thing that is wrong in the books; NULL: they are right. Slow. */
const char *ledger_fault(const struct ledger *ledger);

#endif
