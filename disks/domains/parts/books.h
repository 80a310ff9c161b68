/* SPDX-License-Identifier: GPL-2.0-or-later */
/* books.h - the books of a space bank: to which bank each node and each page belongs, and the tree
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
#ifndef LATCHKEY_DOMAINS_BOOKS_H
#define LATCHKEY_DOMAINS_BOOKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum space { SPACE_NODES = 0, SPACE_PAGES = 1, SPACE_KINDS };

#define BOOKS_PRIME 0u        /* the bank that has everything */
#define BOOKS_BANKS_MAX 16384u /* owners are 16 bits, with two marks */
/* Banks above a bank. A purchase is charged to all of them, so this bounds what a purchase costs;
 * meters have the same kind of limit (kernel/abi.h). */
#define BOOKS_DEPTH_MAX 32u
#define BOOKS_DOORS 8u        /* a key of a bank for every set of forbidden things */
#define BOOKS_NONE UINT64_MAX

/* What is forbidden through a key of a bank, as bits. */
#define BANK_NO_DESTROY 1u
#define BANK_NO_QUERY 2u
#define BANK_NO_LIMITS 4u

struct books_space { /* a bank's account of one kind */
    uint64_t held, limit;
    uint64_t created, destroyed;
    uint64_t first, end;  /* new objects are taken from here */
    uint64_t cluster;     /* where the last one came from, plus 1 */
};

struct books_bank {
    struct books_space space[SPACE_KINDS];
    uint64_t doors[BOOKS_DOORS]; /* offset of the node plus 1; 0: none yet */
    uint32_t parent;
    bool exists;
    bool doomed; /* while a bank is being destroyed: it or a bank above it is the one */
};

struct books {
    uint64_t magic;
    uint64_t count[SPACE_KINDS];
    uint64_t free_count[SPACE_KINDS];
    uint64_t bank_count; /* banks that there is room for */
    uint64_t map_at[SPACE_KINDS], owners_at[SPACE_KINDS], banks_at; /* offsets in the memory */
};

/* books_bytes - how much memory the books of so many objects and banks take. */
size_t books_bytes(uint64_t nodes, uint64_t pages, uint64_t banks);
/* books_begin - begin books in memory that is zero: all is free, there is the prime bank. false:
 * there is no room for the prime bank and one more. As many banks as fit are provided for. */
bool books_begin(struct books *books, size_t memory_bytes, uint64_t nodes, uint64_t pages);
/* books_good - books were begun here, for these numbers of objects. */
bool books_good(const struct books *books, uint64_t nodes, uint64_t pages);

/* books_bank - the account of a bank that exists. */
struct books_bank *books_bank(const struct books *books, unsigned bank);

/* books_buy - take a free object for a bank. Objects that one bank buys lie together where that
 * can be. false: a limit, or no object is free where the bank may take it. */
bool books_buy(struct books *books, unsigned bank, enum space kind, uint64_t *offset);
/* books_owns - the object was bought from this very bank. */
bool books_owns(const struct books *books, unsigned bank, enum space kind, uint64_t offset);
/* books_sell - an object that the bank owns is free again. */
void books_sell(struct books *books, unsigned bank, enum space kind, uint64_t offset);
/* books_lose - as books_sell; but the object cannot be used and is never given out again. */
void books_lose(struct books *books, unsigned bank, enum space kind, uint64_t offset);

/* books_available - how many more the bank could buy now. */
uint64_t books_available(const struct books *books, unsigned bank, enum space kind);
/* books_limit_change - raise or lower a bank's limit, as far as that is possible: not below what
 * is held, not above all there is. Returns the change made. */
int64_t books_limit_change(struct books *books, unsigned bank, enum space kind, int64_t change);
/* books_range_set - from now on the bank and those below it buy from [first, end) only. false: no
 * such range. */
bool books_range_set(struct books *books, unsigned bank, enum space kind, uint64_t first,
                      uint64_t end);

/* books_open - a new bank under a bank, without a door; its only limits are those above it.
 * BOOKS_NONE: there is no room for one more, or too many banks are above it. */
uint64_t books_open(struct books *books, unsigned parent);
/* books_door - buy the node that stands for a bank with these things forbidden. false: as
 * books_buy for the bank above. */
bool books_door(struct books *books, unsigned bank, unsigned forbidden, uint64_t *offset);
/* books_at_door - whose door a node is, and what is forbidden there. false: it is no door. */
bool books_at_door(const struct books *books, uint64_t offset, unsigned *bank,
                    unsigned *forbidden);

/* books_doom - begin to destroy a bank, not the prime one, with all below it. */
void books_doom(struct books *books, unsigned bank);
/* books_next_doomed - free the next object that belongs to the doomed banks, at *cursor or after;
 * their doors too. Begin with 0. false: there is none left of this kind. */
bool books_next_doomed(struct books *books, enum space kind, uint64_t *cursor,
                        uint64_t *offset);
/* books_close_doomed - the doomed banks, which own nothing any more, cease to exist. */
void books_close_doomed(struct books *books);
/* books_merge - close a bank, not the prime one: what was bought from it and the banks below it
 * pass to the bank above. doors: out, the nodes of its doors, which have become free; offsets plus
 * 1, 0 for none. */
void books_merge(struct books *books, unsigned bank, uint64_t doors[BOOKS_DOORS]);

/* books_fault - the first thing that is wrong in the books; NULL: they are right. Slow. */
const char *books_fault(const struct books *books);

#endif
