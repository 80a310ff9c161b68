/* SPDX-License-Identifier: GPL-2.0-or-later */
/* transfer.c - a bank's accounts, and transfers between them that are never lost and never made
 * twice. For power-fail campaigns; it never ends.
 *
 * A transfer is first written to a page, the log, that is committed to the journal; when that has
 * returned, the transfer is promised, and only then made in the accounts, which are as old as the
 * last checkpoint after a restart. So in each life the transfers that the log has and the accounts
 * have not are made again, in order, each once: the accounts know the number of the last one. A
 * restart can come between any two instructions, so who has waited for the journal looks whether
 * this is still the same life: if not, the log may know more.
 *
 * Argument 0: not 0 is a lie, for tests: what is promised is not committed yet. Keys: 0 the page of
 * the log, 1 journal, 2 checkpoint; console. At ACCOUNTS, memory of half a page an account; at
 * LOG_ADDR, the page of key 0. */
#include <assert.h>

#include "disks/domains/rt/life.h"
#include "disks/domains/rt/slots.h"

enum transfer_slot { SLOT_LOG = 0, SLOT_JOURNAL = 1, SLOT_CHECKPOINT = 2 };

#define ACCOUNTS 0x50000000ull
#define LOG_ADDR 0x60000000ull
#define ACCOUNT_COUNT 16u
#define ACCOUNT_BYTES 2048u
#define OPENING 1000
#define RECORDS 128u /* in the log: more than there can be since the last checkpoint */
#define TRANSFERS_A_CHECKPOINT 40u
#define TRANSFERS_AN_AUDIT 16u

struct account {
    int64_t balance;
    uint64_t transfers; /* that it took part in */
};
struct record {
    uint64_t number; /* 0: none */
    uint16_t from, to;
    uint32_t amount;
    uint64_t life, reserved;
};
static_assert(RECORDS * sizeof(struct record) == 4096, "the log is a page");

static struct {
    uint64_t life;
    uint64_t made; /* number of the last transfer that is in the accounts */
    uint64_t checkpointed;
} teller;

static volatile struct account *account(unsigned index)
{
    return (volatile struct account *)(uintptr_t)(ACCOUNTS + index * ACCOUNT_BYTES);
}

static volatile struct record *record_of(uint64_t number)
{
    return (volatile struct record *)(uintptr_t)LOG_ADDR + number % RECORDS;
}

/* What a customer orders does not depend on when he is asked again. SplitMix64's constants (Steele,
 * Lea, Flood, OOPSLA 2014). */
static struct record transfer_of(uint64_t number)
{
    uint64_t drawn = number * 0x9e3779b97f4a7c15u;
    drawn = (drawn ^ drawn >> 30) * 0xbf58476d1ce4e5b9u;
    return (struct record){.number = number, .from = (uint16_t)(drawn >> 60),
                           .to = (uint16_t)(drawn >> 56 & 15),
                           .amount = 1 + (drawn >> 32 & 255), .life = teller.life};
}

static void transfer_make(const volatile struct record *record)
{
    volatile struct account *from = account(record->from), *to = account(record->to);
    from->balance -= record->amount;
    from->transfers++;
    to->balance += record->amount;
    to->transfers++;
    teller.made++;
}

static void audit(void)
{
    int64_t total = 0;
    uint64_t transfers = 0;
    for (unsigned i = 0; i < ACCOUNT_COUNT; i++) {
        total += account(i)->balance;
        transfers += account(i)->transfers;
    }
    if (total != (int64_t)ACCOUNT_COUNT * OPENING)
        life_wrong("total", 0, (uint64_t)total, teller.made);
    if (transfers != 2 * teller.made)
        life_wrong("transfers", 0, transfers, teller.made);
}

static void life_begin(void)
{
    while (record_of(teller.made + 1)->number == teller.made + 1)
        transfer_make(record_of(teller.made + 1));
    life_say(teller.life, teller.made);
    audit();
}

static void checkpoint_now(void)
{
    uint64_t generation = 0;
    if (checkpoint_force(SLOT_CHECKPOINT, &generation) == RC_OK)
        (void)checkpoint_wait(SLOT_CHECKPOINT, generation);
    teller.checkpointed = teller.made;
}

int domain_main(uint64_t lie, uint64_t argument_1)
{
    (void)argument_1;
    for (unsigned i = 0; i < ACCOUNT_COUNT; i++)
        account(i)->balance = OPENING;
    for (;;) {
        if (life_is_new(SLOT_JOURNAL, &teller.life))
            life_begin();
        const struct record next = transfer_of(teller.made + 1);
        if (lie)
            life_promise(next.number);
        *record_of(next.number) = next;
        uint64_t code = journal_write(SLOT_JOURNAL, SLOT_LOG);
        if (code != RC_OK)
            printf("transfer failed with code %llx\n", (unsigned long long)code);
        if (life_is_new(SLOT_JOURNAL, &teller.life)) {
            life_begin(); /* and this transfer is among those of the log */
            continue;
        }
        if (!lie)
            life_promise(next.number);
        transfer_make(&next);
        if (teller.made % TRANSFERS_AN_AUDIT == 0)
            audit();
        if (teller.made - teller.checkpointed >= TRANSFERS_A_CHECKPOINT)
            checkpoint_now();
    }
}
