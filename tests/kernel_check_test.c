/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_check_test.c - check_all() finds what is broken and names it: each test breaks exactly one
 * thing in a running kernel. And: each panic's id is used once in the tree. Natively. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/depend.h"
#include "kernel/meter.h"
#include "kernel/sched.h"
#include "tests/kernel_calls.h"

/* A runs, B and C are ready, D is available; A has used its memory. */
static struct {
    uint64_t a, b, c, d;
    struct domain *domain; /* of A */
    struct node_frame *root, *keys, *ready, *last;
} world;

static void world_start(void)
{
    struct store *store = store_create(400, 300);
    world.a = calls_domain(store, DOMAIN_RUNNING);
    world.b = calls_domain(store, DOMAIN_RUNNING);
    world.c = calls_domain(store, DOMAIN_RUNNING);
    world.d = calls_domain(store, DOMAIN_AVAILABLE);
    store_slot(store, world.a, 1, store_key(KEY_START, 0, world.d));
    store_slot(store, world.b, 1, store_key(KEY_DOMAIN, 0, world.a));
    store_slot(store, world.b, 2, store_node(store, world.c)->slots[DOMAIN_SLOT_MEMORY]);
    calls_boot(store, world.a);
    for (unsigned i = 0; i < 6; i++)
        cr_assert_not_null(host_tick(1));
    while (host_running_id() != world.a)
        cr_assert_not_null(host_tick(1));
    uint64_t word = 1;
    while (!host_store(CALLS_SEND, &word, sizeof(word)))
        while (host_running_id() != world.a)
            cr_assert_not_null(host_tick(1));
    world.domain = host_domain(world.a);
    world.root = world.domain->root;
    world.keys = world.domain->keys;
    world.ready = host_node(world.b);
    world.last = host_node(world.c);
    cr_assert_not_null(world.ready->link.queue);
    cr_assert(host_check(), "all is well: %s", host_console());
}

static void object_id(void) { world.last->object_id++; }
static void key_type_bad(void) { world.keys->slots[3].head = 0xff; }
static void slot_built(void) { world.keys->slots[3].built = 7; }
static void hint(void) { world.keys->slots[3].object = &world; }
static void hint_between(void) { world.keys->slots[3].object = (uint8_t *)world.keys + 8; }
static void locked(void) { world.last->locked++; }
static void unlocked(void) { world.keys->locked = 0; }
static void gate(void) { world.root->gate = host_domain(world.b); }
static void call_count(void) { world.keys->call_count = ~0ull; }
static void resume_head(void) { world.root->resume_head ^= 1ull << 20; }
static void link_next(void) { world.ready->link.next = world.ready; }
static void link_queue(void) { world.ready->link.queue = &world.root->callers; }
static void current_queued(void) { queue_append(&world.last->callers, world.root); }
static void grant_lost(void) { host_domain(world.d)->root->grant = world.last; }
static void role(void) { world.keys->role = NODE_REGISTERS; }
static void register_node(void) { world.domain->register_nodes[1]->domain = NULL; }
static void root_domain(void) { world.root->domain = host_domain(world.b); }
static void root_plain(void)
{
    world.root->role = NODE_PLAIN;
    world.root->domain = NULL;
    world.root->gate = &domain_nobody;
}
static void state(void) { world.domain->state = DOMAIN_AVAILABLE; queue_remove(world.ready); }
static void state_queued(void) { host_domain(world.b)->state = DOMAIN_WAITING; }
static void trap(void) { world.domain->trap_code = 4; }
static void limit(void) { world.domain->gate_limit ^= 6; }
static void clean(void) { world.root->dirty = false; }
static void frozen(void) { world.domain->frozen = true; }
static void frozen_node(void) { world.last->frozen = NODE_FROZEN; }
static void walked(void) { world.keys->walked = true; }
static void callers(void)
{
    queue_remove(world.last);
    queue_append(&host_domain(world.d)->root->callers, world.last);
}
static void space_key(void) { world.root->slots[DOMAIN_SLOT_MEMORY].count++; }
static void satp(void) { world.domain->satp ^= 1; }
static void string_known(void)
{
    static uint8_t page[PAGE_BYTES];
    world.domain->string_start = CALLS_SEND & ~4095ull;
    world.domain->string_end = world.domain->string_start + PAGE_BYTES;
    world.domain->string_delta = (uint64_t)page - world.domain->string_start;
}
static void buffer_known(void)
{
    world.domain->buffer_addr = 0x3000; /* never touched, so not mapped */
    world.domain->buffer_data = (uint8_t *)&world;
}
static void domain_locked(void) { world.domain->locked = 1; }

static struct key *slot_of_send(void)
{
    struct node_frame *top = host_node(key_object_id(&world.root->slots[DOMAIN_SLOT_MEMORY]));
    struct node_frame *leaf = host_node(key_object_id(&top->slots[0]));
    return &leaf->slots[CALLS_SEND / PAGE_BYTES];
}

static void slot_changed(void) { slot_of_send()->head ^= 1ull << 17; }
static void slot_unbuilt(void) { slot_of_send()->built = 0; }
static void slot_read_only(void) { slot_of_send()->head |= KEY_READ_ONLY << 8; }
static void depends_lost(void) { depend_forget_all(); }
static void page_clean(void) { ((struct page_frame *)slot_of_send()->object)->open = false; }
static void page_other(void) { ((struct page_frame *)slot_of_send()->object)->allocation_count++; }
static void table_lost(void) { table_at(world.domain->space->root, CALLS_SEND, 0)->in_use = false; }
static struct table *leaf_table(void)
{
    return table_at(world.domain->space->root, CALLS_SEND, 0);
}
static void table_held(void) { leaf_table()->held = true; }
static void table_links(void) { leaf_table()->links++; }
static void table_part(void) { leaf_table()->part.place ^= PART_READ_ONLY; }
static void table_built(void) { leaf_table()->built = 0; }
static void table_serial(void) { leaf_table()->serial++; }
static void table_other(void)
{
    world.domain->space->key.head ^= (uint64_t)KEY_NO_CALL << 8;
    world.root->slots[DOMAIN_SLOT_MEMORY].head ^= (uint64_t)KEY_NO_CALL << 8;
}
static void root_lost(void) { world.domain->space->root = NULL; }
static void root_level(void) { world.domain->space->root->level = 1; }
static void priority(void)
{
    queue_remove(world.last);
    queue_append(world.ready->link.queue + 1, world.last); /* that of the next priority */
}
static void meter_role(void) { world.domain->meter->node->role = NODE_PLAIN; }
static void meter_inferiors(void) { world.domain->meter->inferiors++; }
static void meter_locked(void) { world.domain->meter->locked = true; }
static void meter_node(void) { world.domain->meter->node = world.last; }
static void meter_superior(void) { world.domain->meter->superior = world.domain->meter; }
static void meter_second(void)
{
    host_node(key_object_id(&world.root->slots[DOMAIN_SLOT_MEMORY]))->role = NODE_METER;
}
static void meter_open_to(void) { world.domain->meter = NULL; }
struct mutation {
    void (*apply)(void);
    char id[12];
};
#define MUTATION(apply, id)                                                                       \
    {                                                                                              \
        apply, id                                                                                  \
    }

static const struct mutation mutations[] = {
    MUTATION(object_id, "OBJE-002"), MUTATION(key_type_bad, "OBJE-005"),
    MUTATION(slot_built, "OBJE-006"), MUTATION(role, "OBJE-003"),
    MUTATION(root_domain, "CHEC-006"), MUTATION(register_node, "OBJE-003"),
    MUTATION(root_plain, "DOMA-002"), MUTATION(unlocked, "DOMA-004"),
    MUTATION(state_queued, "DOMA-005"), MUTATION(state, "DOMA-006"),
    MUTATION(link_next, "CHEC-001"),
    MUTATION(link_queue, "CHEC-001"), MUTATION(current_queued, "CHEC-002"),
    MUTATION(grant_lost, "CHEC-004"), MUTATION(hint, "CHEC-005"),
    MUTATION(hint_between, "CHEC-005"), MUTATION(gate, "CHEC-006"),
    MUTATION(locked, "CHEC-008"), MUTATION(call_count, "CHEC-009"),
    MUTATION(resume_head, "CHEC-010"), MUTATION(trap, "CHEC-011"),
    MUTATION(limit, "CHEC-012"), MUTATION(clean, "CHEC-013"), MUTATION(walked, "CHEC-014"),
    MUTATION(frozen, "CHEC-026"), MUTATION(frozen_node, "CHEC-027"),
    MUTATION(callers, "CHEC-015"), MUTATION(space_key, "CHEC-016"), MUTATION(satp, "CHEC-017"),
    MUTATION(string_known, "CHEC-018"), MUTATION(buffer_known, "CHEC-019"),
    MUTATION(domain_locked, "CHEC-020"), MUTATION(slot_changed, "CHEC-021"),
    MUTATION(page_other, "CHEC-021"), MUTATION(slot_unbuilt, "CHEC-022"),
    MUTATION(depends_lost, "CHEC-022"), MUTATION(slot_read_only, "CHEC-023"),
    MUTATION(page_clean, "CHEC-023"), MUTATION(table_lost, "TABL-001"),
    MUTATION(root_level, "TABL-001"),
    MUTATION(table_built, "TABL-002"), MUTATION(table_held, "TABL-003"),
    MUTATION(table_part, "TABL-004"), MUTATION(table_links, "TABL-005"),
    MUTATION(table_serial, "CHEC-022"), MUTATION(table_other, "CHEC-025"),
    MUTATION(root_lost, "SPAC-001"), MUTATION(priority, "SCHE-004"),
    MUTATION(meter_role, "METE-003"), MUTATION(meter_superior, "METE-005"),
    MUTATION(meter_node, "METE-009"), MUTATION(meter_inferiors, "METE-007"),
    MUTATION(meter_locked, "METE-008"),
    MUTATION(meter_second, "METE-009"), MUTATION(meter_open_to, "METE-011"),
};

#define MUTATIONS (sizeof(mutations) / sizeof(mutations[0]))

/* Their numbers: each test is a process of its own, where functions lie elsewhere. */
ParameterizedTestParameters(check, a_broken_rule_is_named)
{
    static unsigned numbers[MUTATIONS];
    for (unsigned i = 0; i < MUTATIONS; i++)
        numbers[i] = i;
    return cr_make_param_array(unsigned, numbers, MUTATIONS);
}

ParameterizedTest(unsigned *number, check, a_broken_rule_is_named)
{
    char expected[32];
    const struct mutation *mutation = &mutations[*number];
    world_start();
    mutation->apply();
    cr_assert_not(host_check(), "%s: nothing was noticed", mutation->id);
    (void)snprintf(expected, sizeof(expected), "panic: %s ", mutation->id);
    cr_expect(strstr(host_console(), expected), "%s: but %s", mutation->id,
              strstr(host_console(), "panic: ") ? strstr(host_console(), "panic: ") : "");
}

static void run_until(uint64_t root)
{
    for (unsigned i = 0; i < 16 && host_running_id() != root; i++)
        cr_assert_not_null(host_tick(1));
    cr_assert_eq(host_running_id(), root);
}

Test(check, a_domain_that_gets_other_memory_forgets_where_its_strings_were)
{
    world_start();
    host_call(0, CALL_SLOT(9) | SEND_MEMORY, ENTRY_CODE | TAKE_MEMORY, CALLS_SEND, 8, CALLS_SEND,
              8);
    cr_assert_eq(host_running_id(), world.a);
    cr_assert_neq(world.domain->string_end, 0, "it is known");
    run_until(world.b);
    host_call(DOMAIN_SWAP_ROOT + DOMAIN_SLOT_MEMORY, CALL_SLOT(1) | SEND_KEY(0, 2), ENTRY_CODE, 0,
              0, 0, 0);
    cr_assert_eq(host_argument(0), RC_OK);
    run_until(world.a);
    cr_expect(host_check(), "%s", host_console());
    cr_expect_eq(host_domain(world.a)->string_end, 0);
    cr_expect_eq(host_domain(world.a)->buffer_addr, BUFFER_UNKNOWN);
}

Test(check, a_stop_tells_who_was_current_and_the_last_calls)
{
    char line[160];
    world_start();
    for (uint64_t order = 100; order < 140; order++)
        host_call(order, CALL_SLOT(9), ENTRY_CODE, 0, 0, 0, 0);
    host_call(77, CALL_SLOT(1), ENTRY_CODE, 0, 0, 0, 0);
    for (unsigned i = 0; i < 8 && host_running_id() != world.a; i++)
        host_tick(1);
    world.domain->trap_code = 4;
    cr_assert_not(host_check());
    const char *stop = strstr(host_console(), "panic: CHEC-011 ");
    cr_assert_not_null(stop);
    (void)snprintf(line, sizeof(line), "\ncurrent: domain %lu, pc 0x", host_running_id());
    cr_expect(strstr(stop, line), "%s", stop);
    (void)snprintf(line, sizeof(line),
                   "\n domain %lu, slot 9: DATA 0.0, CALL 0x8b: code 0x%llx, ", world.a,
                   RC_DATA_KEY);
    cr_expect(strstr(stop, line), "%s", stop);
    (void)snprintf(line, sizeof(line), "\n domain %lu, slot 1: START %lu.0, CALL 0x4d: ", world.a,
                   world.d);
    cr_expect(strstr(stop, line), "%s", stop);
    cr_expect_not(strstr(stop, "CALL 0x69:"), "only the last ones");
    unsigned lines = 0;
    for (const char *at = stop; (at = strstr(at, "\n domain ")) != NULL; at++)
        lines++;
    cr_expect_eq(lines, 32);
}

#define IDS_MAX 400u

static struct {
    char id[IDS_MAX][9];
    unsigned count;
} ids;

static void ids_read(const char *folder)
{
    char path[600], line[400];
    DIR *directory = opendir(folder);
    cr_assert(directory, "%s", folder);
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        (void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        FILE *file = strstr(entry->d_name, ".c") ? fopen(path, "r") : NULL;
        while (file && fgets(line, sizeof(line), file)) {
            const char *at = strstr(line, "panic(\"");
            if (!at)
                at = strstr(line, "panic: TRAP");
            if (!at)
                continue;
            at += strlen("panic(\"");
            cr_assert_lt(ids.count, IDS_MAX);
            (void)snprintf(ids.id[ids.count++], sizeof(ids.id[0]), "%s", at);
        }
        if (file)
            (void)fclose(file);
    }
    (void)closedir(directory);
}

Test(check, every_panic_has_an_id_of_its_own)
{
    ids_read(LATCHKEY_SOURCE_DIR "/kernel");
    ids_read(LATCHKEY_SOURCE_DIR "/kernel/arch");
    ids_read(LATCHKEY_SOURCE_DIR "/kernel/driver");
    cr_assert_gt(ids.count, 60, "%u", ids.count);
    for (unsigned i = 0; i < ids.count; i++) {
        const char *id = ids.id[i];
        cr_expect(strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 4 && id[4] == '-' &&
                      strspn(id + 5, "0123456789") == 3,
                  "%s", id);
        for (unsigned j = 0; j < i; j++)
            cr_expect_str_neq(id, ids.id[j]);
    }
}
