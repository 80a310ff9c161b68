/* SPDX-License-Identifier: GPL-2.0-or-later */
/* churn.c - a directory of nodes that are made, severed and destroyed again and again, and of each
 * a key from before: one that was rescinded must stay void for ever, and one that was not must
 * never be. All of them are looked at now and then, and at the begin of each life. For power-fail
 * campaigns; it never ends.
 *
 * Argument 0: not 0 is a lie, for tests: what is promised is not checkpointed yet. Keys: 0 a range
 * of OBJECTS nodes, 1 journal, 2 checkpoint, 3 compare, 4 data-creator, 5 a node for the keys to
 * what lives, 6 one for those from before; console. At MODEL_ADDR, a page of memory. */
#include "disks/domains/rt/life.h"
#include "disks/domains/rt/slots.h"

enum churn_slot {
    SLOT_RANGE = 0,
    SLOT_JOURNAL = 1,
    SLOT_CHECKPOINT = 2,
    SLOT_COMPARE = 3,
    SLOT_CREATOR = 4,
    SLOT_LIVING = 5,
    SLOT_BEFORE = 6,
    SLOT_KEY = 7,
    SLOT_OTHER = 8,
    SLOT_NUMBER = 9
};

#define MODEL_ADDR 0x50000000ull
#define OBJECTS 16u /* as many as a node has slots */
#define STEPS_AN_AUDIT 8u
#define STEPS_A_CHECKPOINT 24u

struct model {
    uint64_t step;
    uint64_t mark[OBJECTS]; /* in slot 0 of each that lives; 0: it does not */
    uint64_t rescinded;     /* bit n: the n-th key from before is void */
};

static volatile struct model *const model = (volatile struct model *)(uintptr_t)MODEL_ADDR;

static uint64_t drawn(uint64_t step)
{
    uint64_t value = step * 0x9e3779b97f4a7c15u; /* SplitMix64's, as in transfer.c */
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9u;
    return value ^ value >> 31;
}

static void expect(uint64_t found, uint64_t expected, const char *what, unsigned object)
{
    if (found != expected)
        life_wrong(what, object, found, model->step);
}

static bool is_void(unsigned slot)
{
    uint64_t number = 1;
    return number_read(slot, &number) == RC_DATA_KEY && number == 0;
}

static uint64_t mark_of(unsigned slot)
{
    uint64_t mark = 0;
    if (node_fetch(slot, 0, SLOT_NUMBER) == RC_OK)
        (void)number_read(SLOT_NUMBER, &mark);
    return mark;
}

static bool same(unsigned one, unsigned other)
{
    const uint8_t keys[MESSAGE_KEYS] = {(uint8_t)one, (uint8_t)other, SLOT_NONE, SLOT_NONE};
    return key_compare(SLOT_COMPARE, keys) == RC_OK;
}

static void make(unsigned object)
{
    (void)range_create(SLOT_RANGE, object, SLOT_KEY);
    (void)data_create_number(SLOT_CREATOR, model->step, SLOT_NUMBER);
    (void)node_swap(SLOT_KEY, 0, SLOT_NUMBER, SLOT_NONE);
    (void)node_swap(SLOT_LIVING, object, SLOT_KEY, SLOT_NONE);
    model->mark[object] = model->step;
}

/* The key that there is becomes the one from before. */
static void key_keep(unsigned object, bool rescinded)
{
    (void)node_fetch(SLOT_LIVING, object, SLOT_KEY);
    (void)node_swap(SLOT_BEFORE, object, SLOT_KEY, SLOT_NONE);
    model->rescinded &= ~(1ull << object);
    model->rescinded |= (uint64_t)rescinded << object;
}

static void sever(unsigned object)
{
    key_keep(object, true);
    (void)range_sever(SLOT_RANGE, SLOT_KEY, SLOT_KEY);
    (void)node_swap(SLOT_LIVING, object, SLOT_KEY, SLOT_NONE);
}

static void destroy(unsigned object)
{
    key_keep(object, true);
    (void)range_create(SLOT_RANGE, object, SLOT_KEY);
    (void)node_swap(SLOT_LIVING, object, SLOT_VOID, SLOT_NONE);
    model->mark[object] = 0;
}

static void object_audit(unsigned object)
{
    bool lives = model->mark[object] != 0, rescinded = model->rescinded >> object & 1;
    uint64_t offset = OBJECTS;
    (void)node_fetch(SLOT_LIVING, object, SLOT_KEY);
    expect(is_void(SLOT_KEY), !lives, "the key to node", object);
    expect(mark_of(SLOT_KEY), model->mark[object], "the mark of node", object);
    (void)node_fetch(SLOT_BEFORE, object, SLOT_OTHER);
    if (rescinded)
        expect(is_void(SLOT_OTHER), true, "the rescinded key to node", object);
    if (!lives)
        return;
    expect(same(SLOT_KEY, SLOT_OTHER), !rescinded && !is_void(SLOT_OTHER), "the old key to node",
           object);
    (void)range_identify(SLOT_RANGE, SLOT_KEY, &offset);
    expect(offset, object, "what the range calls node", object);
    (void)range_make(SLOT_RANGE, object, SLOT_OTHER);
    expect(same(SLOT_KEY, SLOT_OTHER), true, "a fresh key to node", object);
}

static void audit(void)
{
    for (unsigned object = 0; object < OBJECTS; object++)
        object_audit(object);
}

static void step_take(void)
{
    uint64_t random = drawn(++model->step);
    unsigned object = (unsigned)(random % OBJECTS);
    if (!model->mark[object])
        make(object);
    else if (random >> 32 & 1)
        key_keep(object, false);
    else if (random >> 33 & 1)
        sever(object);
    else
        destroy(object);
}

static void checkpoint_now(bool lie)
{
    uint64_t generation = 0, step = model->step;
    if (lie)
        life_promise(step);
    if (checkpoint_force(SLOT_CHECKPOINT, &generation) == RC_OK &&
        checkpoint_wait(SLOT_CHECKPOINT, generation) == RC_OK && !lie)
        life_promise(step);
}

int domain_main(uint64_t lie, uint64_t argument_1)
{
    uint64_t life = 0;
    (void)argument_1;
    for (;;) {
        if (life_is_new(SLOT_JOURNAL, &life)) {
            life_say(life, model->step);
            audit();
        }
        step_take();
        if (model->step % STEPS_AN_AUDIT == 0)
            audit();
        if (model->step % STEPS_A_CHECKPOINT == 0)
            checkpoint_now(lie);
    }
}
