/* SPDX-License-Identifier: GPL-2.0-or-later */
/* disks_make_test.c - images hold what their recipe says, byte for byte the same each time, and a
 * recipe that cannot be carried out leaves nothing behind. */
#include "disks/make.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disks/digest.h"
#include "disks/image.h"
#include "emulator/base/input_file.h"
#include "emulator/base/renewal.h"
#include "kernel/abi.h"
#include "tests/support_disks.h"

#define STORE "store s nodes 100 pages 100\n"
#define ALPHA 16u /* root of the first domain: ids are given out in the recipe's order */
#define BETA 21u
#define TOOLBOX 26u
#define NOTES_FIRST_PAGE 16u

static struct disk_node node_of(struct store *store, uint64_t id)
{
    struct store_node node;
    const char *problem = store_node(store, id, &node);
    cr_assert_null(problem, "node %u: %s", (unsigned)id, problem);
    return node.node;
}

static struct disk_node node_behind(struct store *store, const struct disk_key *key)
{
    return node_of(store, disk_id(key->object_id));
}

static struct domain_registers registers_of(struct store *store, const struct disk_node *root)
{
    static const unsigned slots[] = {DOMAIN_SLOT_REGISTERS_0, DOMAIN_SLOT_REGISTERS_1,
                                     DOMAIN_SLOT_REGISTERS_2};
    uint8_t bytes[3 * 16 * REGISTER_KEY_BYTES];
    struct domain_registers registers;
    for (unsigned i = 0; i < 3; i++) {
        struct disk_node node = node_behind(store, &root->slots[slots[i]]);
        for (unsigned slot = 0; slot < 16; slot++) {
            cr_assert_eq(node.slots[slot].type, KEY_DATA);
            memcpy(bytes + (i * 16 + slot) * REGISTER_KEY_BYTES,
                   (const uint8_t *)&node.slots[slot] + 2, REGISTER_KEY_BYTES);
        }
    }
    memcpy(&registers, bytes, sizeof(registers));
    return registers;
}

/* The page that a domain sees at an address: data key 0, or the key to it. */
static struct disk_key memory_walk(struct store *store, struct disk_key key, uint64_t addr)
{
    while (key.type == KEY_SEGMENT) {
        unsigned size_code = key.data_byte & KEY_SIZE_CODE;
        uint8_t restriction = key.data_byte & KEY_READ_ONLY;
        key = node_behind(store, &key).slots[addr >> (4 * size_code) & 15];
        key.data_byte |= key.type == KEY_DATA ? 0 : restriction;
        addr &= (1ull << (4 * size_code)) - 1;
    }
    return key;
}

static void expect_key(const struct disk_key *key, enum key_type type, uint8_t data_byte,
                       uint64_t id)
{
    cr_expect_eq(key->type, type);
    cr_expect_eq(key->data_byte, data_byte);
    cr_expect_eq(disk_id(key->object_id), id);
    if (type != KEY_DATA)
        cr_expect_eq(key->count, 0);
}

Test(make, a_domain_has_the_shape_that_the_abi_describes)
{
    struct scratch scratch;
    char path[SCRATCH_PATH_BYTES];
    scratch_make(&scratch);
    sample_make(&scratch, path);
    struct store *store = store_opened(path);
    struct disk_node root = node_of(store, ALPHA);
    expect_key(&root.slots[DOMAIN_SLOT_BRAND], KEY_DATA, 0, 0);
    expect_key(&root.slots[DOMAIN_SLOT_METER], KEY_METER, 0, OBJECT_ID_PRIME_METER);
    expect_key(&root.slots[DOMAIN_SLOT_KEEPER], KEY_START, 0, BETA);
    cr_expect_eq(root.slots[DOMAIN_SLOT_STATE].count, DOMAIN_RUNNING);
    cr_expect_eq(node_of(store, BETA).slots[DOMAIN_SLOT_STATE].count, DOMAIN_AVAILABLE);
    struct disk_node keys = node_behind(store, &root.slots[DOMAIN_SLOT_KEYS]);
    expect_key(&keys.slots[0], KEY_START, 9, BETA);
    expect_key(&keys.slots[1], KEY_NODE, 0, TOOLBOX);
    expect_key(&keys.slots[2], KEY_INPUT, INPUT_BOTH, 0);
    expect_key(&keys.slots[3], KEY_CONSOLE, 0, 0);
    expect_key(&keys.slots[4], KEY_DATA, 0, 0);
    struct domain_registers registers = registers_of(store, &root);
    cr_expect_eq(registers.pc, 0x10000);
    cr_expect_eq(registers.x[1], 0x40000000);
    cr_expect_eq(registers.x[9], 5);
    cr_expect_eq(registers.fcsr, 0);
    store_dropped(store);
    scratch_remove(&scratch);
}

Test(make, a_domain_sees_its_program_its_stack_and_its_maps)
{
    struct scratch scratch;
    char path[SCRATCH_PATH_BYTES];
    struct store_page page;
    scratch_make(&scratch);
    sample_make(&scratch, path);
    struct store *store = store_opened(path);
    struct disk_key memory = node_of(store, ALPHA).slots[DOMAIN_SLOT_MEMORY];
    struct disk_key code = memory_walk(store, memory, 0x10000);
    struct disk_key data = memory_walk(store, memory, 0x20000);
    cr_expect_eq(code.type, KEY_PAGE);
    cr_expect_eq(code.data_byte, KEY_READ_ONLY, "text is read-only");
    cr_expect_eq(data.data_byte, 0, "data is not");
    cr_assert_null(store_page(store, disk_id(data.object_id), &page));
    cr_expect_eq(memcmp(page.data, "datum\0\0\0", 8), 0);
    struct disk_key zeros = memory_walk(store, memory, 0x22000);
    cr_assert_null(store_page(store, disk_id(zeros.object_id), &page));
    cr_expect(page.zero, "what follows the data is a page of zeros");
    cr_expect_eq(memory_walk(store, memory, 0x23000).type, KEY_DATA);
    cr_expect_eq(memory_walk(store, memory, 0x3ffff000).type, KEY_PAGE);
    cr_expect_eq(memory_walk(store, memory, 0x3fffc000).type, KEY_PAGE);
    cr_expect_eq(memory_walk(store, memory, 0x3fffb000).type, KEY_DATA, "16K of stack");
    struct disk_key note = memory_walk(store, memory, 0x100000 + 3 * 4096);
    expect_key(&note, KEY_PAGE, 0, NOTES_FIRST_PAGE + 3);
    store_dropped(store);
    scratch_remove(&scratch);
}

Test(make, segments_and_nodes_hold_what_the_recipe_says)
{
    struct scratch scratch;
    char path[SCRATCH_PATH_BYTES];
    struct store_page page;
    scratch_make(&scratch);
    sample_make(&scratch, path);
    struct store *store = store_opened(path);
    struct disk_node toolbox = node_of(store, TOOLBOX);
    cr_expect_eq(toolbox.slots[0].count, 77);
    expect_key(&toolbox.slots[1], KEY_PAGE, KEY_READ_ONLY, NOTES_FIRST_PAGE + 3);
    expect_key(&toolbox.slots[15], KEY_FETCH, 0, TOOLBOX);
    cr_assert_eq(toolbox.slots[2].type, KEY_SEGMENT);
    struct disk_key first = memory_walk(store, toolbox.slots[2], 0);
    cr_assert_null(store_page(store, disk_id(first.object_id), &page));
    cr_expect_eq(memcmp(page.data, "ink and paper\0", 14), 0);
    cr_expect_eq(memory_walk(store, toolbox.slots[2], 0x1000).type, KEY_PAGE);
    cr_expect_eq(memory_walk(store, toolbox.slots[2], 0x2000).type, KEY_DATA);
    store_dropped(store);
    scratch_remove(&scratch);
}

Test(make, equal_recipes_and_files_give_equal_bytes)
{
    struct scratch scratch;
    struct error error;
    uint8_t *bytes[2];
    size_t sizes[2];
    scratch_make(&scratch);
    char path[SCRATCH_PATH_BYTES];
    for (unsigned i = 0; i < 2; i++) {
        sample_make(&scratch, path);
        cr_assert(input_read(path, 1u << 30, &bytes[i], &sizes[i], &error));
    }
    cr_assert_eq(sizes[0], sizes[1]);
    cr_expect_eq(memcmp(bytes[0], bytes[1], sizes[0]), 0);
    free(bytes[0]);
    free(bytes[1]);
    scratch_remove(&scratch);
}

Test(make, the_store_id_follows_contents_and_seed)
{
    static const char *const recipes[] = {
        STORE, "store s nodes 100 pages 100 seed 1\n", STORE "segment a file one\n",
        STORE "segment a file two\n", "store t nodes 100 pages 100\n"};
    struct scratch scratch;
    struct error error;
    struct volume_header headers[5];
    char path[SCRATCH_PATH_BYTES];
    scratch_make(&scratch);
    scratch_write(&scratch, "one", "1", 1);
    scratch_write(&scratch, "two", "2", 1);
    scratch_file(&scratch, "x.img", path);
    for (unsigned i = 0; i < 5; i++) {
        cr_assert(recipe_make(&scratch, recipes[i], "x.img", &error), "%s", error.text);
        block_load(path, 0, &headers[i]);
        for (unsigned j = 0; j < i; j++)
            cr_expect_neq(memcmp(headers[i].store_id, headers[j].store_id, 16), 0, "%u %u", i, j);
    }
    scratch_remove(&scratch);
}

Test(make, images_are_sparse_where_nothing_is)
{
    struct scratch scratch;
    struct error error;
    struct stat status;
    char path[SCRATCH_PATH_BYTES];
    scratch_make(&scratch);
    cr_assert(recipe_make(&scratch, "store s nodes 100 pages 50K area 1K\n", "x.img", &error));
    scratch_file(&scratch, "x.img", path);
    cr_assert_eq(stat(path, &status), 0);
    cr_expect_gt(status.st_size, 50 << 22);
    cr_expect_lt(status.st_blocks * 512, status.st_size / 50);
    cr_expect_eq(status.st_mode & 0777, 0644);
    scratch_remove(&scratch);
}

/* The store of a recipe, which may use program.elf. */
static struct store *store_made(struct scratch *scratch, const char *recipe)
{
    struct error error;
    char path[SCRATCH_PATH_BYTES];
    scratch_make(scratch);
    scratch_program(scratch);
    cr_assert(recipe_make(scratch, recipe, "x.img", &error), "%s", error.text);
    scratch_file(scratch, "x.img", path);
    return store_opened(path);
}

Test(make, a_sparse_segment_shows_its_parts_and_calls_its_keeper)
{
    struct scratch scratch;
    struct store *store =
        store_made(&scratch, STORE "segment inner zero 8K\n"
                             "segment kept sparse 1M {\n"
                             "    keeper = start d 6\n"
                             "    zero 4K at 0x5000\n"
                             "    segment inner at 0x30000 read-only\n"
                             "}\n"
                             "segment bare sparse 16M {\n    zero 4K at 0\n}\n"
                             "node n {\n    0 = segment kept\n    1 = segment bare\n}\n"
                             "domain d {\n    program program.elf\n    map kept at 0x1000000\n"
                             "}\n");
    struct disk_node node = node_of(store, 21), red = node_behind(store, &node.slots[0]);
    expect_key(&node.slots[0], KEY_SEGMENT, 0, disk_id(node.slots[0].object_id));
    uint64_t format = red.slots[RED_FORMAT_SLOT].count;
    cr_expect_eq(red.slots[RED_FORMAT_SLOT].type, KEY_DATA);
    cr_expect_eq(RED_SIZE_CODE(format), 5, "a black node of 1M is below it");
    cr_expect_eq(RED_INITIAL_SLOTS(format), 1);
    cr_expect_eq(RED_KEEPER_SLOT(format), 14);
    cr_expect_eq(RED_BACKGROUND_SLOT(format), RED_NO_SLOT);
    cr_expect_eq(RED_LOCAL_SLOT(format), RED_NO_SLOT);
    expect_key(&red.slots[14], KEY_START, 6, 16);
    cr_expect_eq(memory_walk(store, red.slots[0], 0x5000).type, KEY_PAGE);
    struct disk_key inside = memory_walk(store, red.slots[0], 0x31000);
    expect_key(&inside, KEY_PAGE, KEY_READ_ONLY, 17);
    cr_expect_eq(memory_walk(store, red.slots[0], 0x6000).type, KEY_DATA);
    cr_expect_eq(node.slots[1].data_byte & KEY_SIZE_CODE, 5, "16M, though only 4K is there");
    store_dropped(store);
    scratch_remove(&scratch);
}

Test(make, a_keeper_alone_is_a_segment_too)
{
    struct scratch scratch;
    struct store *store =
        store_made(&scratch, STORE "segment kept sparse 40K {\n    keeper = start d\n}\n"
                             "node n {\n    0 = segment kept\n}\n"
                             "domain d {\n    program program.elf\n}\n");
    struct disk_node node = node_of(store, 21), red = node_behind(store, &node.slots[0]);
    cr_expect_eq(RED_SIZE_CODE(red.slots[15].count), 3);
    cr_expect_eq(RED_INITIAL_SLOTS(red.slots[15].count), 10, "40K are ten pages");
    expect_key(&red.slots[0], KEY_DATA, 0, 0);
    store_dropped(store);
    scratch_remove(&scratch);
}

Test(make, a_domain_may_have_a_meter_of_its_own)
{
    struct scratch scratch;
    struct store *store =
        store_made(&scratch, STORE "node purse {\n    1 = meter\n    3 = number 1000\n}\n"
                             "domain d {\n    program program.elf\n    meter = meter purse\n"
                             "    register t6 9\n}\n");
    struct disk_node root = node_of(store, 16), meter;
    expect_key(&root.slots[DOMAIN_SLOT_METER], KEY_METER, 0, 21);
    meter = node_behind(store, &root.slots[DOMAIN_SLOT_METER]);
    expect_key(&meter.slots[METER_SLOT_SUPERIOR], KEY_METER, 0, OBJECT_ID_PRIME_METER);
    cr_expect_eq(meter.slots[METER_SLOT_COUNTER].count, 1000);
    cr_expect_eq(registers_of(store, &root).x[30], 9);
    store_dropped(store);
    scratch_remove(&scratch);
}

Test(make, a_range_holds_what_the_recipe_leaves_free)
{
    struct scratch scratch;
    struct store *store =
        store_made(&scratch, STORE "node bank {\n 0 = range nodes\n 1 = range pages\n"
                             " 2 = range nodes 80 3\n}\nsegment a zero 8K\n");
    struct disk_node bank = node_of(store, 16);
    cr_expect_eq(bank.slots[0].type, KEY_NODE_RANGE);
    cr_expect_eq(disk_id(bank.slots[0].object_id), 18, "after the bank's node and the segment's");
    cr_expect_eq(bank.slots[0].count, 83);
    cr_expect_eq(bank.slots[1].type, KEY_PAGE_RANGE);
    cr_expect_eq(disk_id(bank.slots[1].object_id), 18, "after the segment's two");
    cr_expect_eq(bank.slots[1].count, 83);
    cr_expect_eq(disk_id(bank.slots[2].object_id), 98);
    cr_expect_eq(bank.slots[2].count, 3);
    store_dropped(store);
    scratch_remove(&scratch);
}

/* What a recipe asks for cannot be done: the place is that of the line that asks. */
static const struct {
    const char *text, *says;
    enum error_code code;
} refusals[] = {
    {"store s nodes 15 pages 100\n", ":1:7: a store needs at least 16", ERROR_FORMAT},
    {STORE "domain d {\n program none.elf\n}\n", ":3:10: none.elf: No such file", ERROR_IO},
    {STORE "domain d {\n program test.txt\n}\n", "not a", ERROR_FORMAT},
    {STORE "segment a file none\n", ":2:11: none: No such file", ERROR_IO},
    {STORE "segment a file empty\n", "is empty; give it a size", ERROR_FORMAT},
    {STORE "segment a file test.txt 3\n", "more than its size here", ERROR_FORMAT},
    {STORE "segment a zero 1M\n", ":2:11: no page is left in the store", ERROR_FORMAT},
    {STORE "segment a zero 4K\nsegment a zero 4K\n", ":3:9: a second segment a", ERROR_FORMAT},
    {STORE "segment a sparse 1M {\n}\n", ":2:9: segment a: nothing is in it", ERROR_FORMAT},
    {STORE "segment a sparse 64K {\n zero 4K at 1\n}\n", ":3:2: 0x1 is not a multiple",
     ERROR_FORMAT},
    {STORE "segment a sparse 64K {\n zero 8K at 60K\n}\n", ":3:2: it goes beyond", ERROR_FORMAT},
    {STORE "segment a sparse 64K {\n zero 8K at 0\n zero 8K at 4K\n}\n",
     "two parts lie at the same address", ERROR_FORMAT},
    {STORE "segment a sparse 64K {\n segment b at 0\n}\nsegment b zero 4K\n",
     ":3:2: no segment b is described before", ERROR_FORMAT},
    {STORE "segment b zero 8K\nsegment a sparse 1M {\n segment b at 4K\n}\n",
     ":4:2: 0x1000 is not a multiple of b's span, 0x10000", ERROR_FORMAT},
    {STORE "node n {\n}\nnode n {\n}\n", ":4:6: a second node n", ERROR_FORMAT},
    {STORE "node n {\n 0 = node m\n}\n", ":3:6: no node m", ERROR_FORMAT},
    {STORE "node n {\n 0 = start d\n}\n", ":3:6: no domain d", ERROR_FORMAT},
    {STORE "node n {\n 0 = segment s\n}\n", ":3:6: no segment s", ERROR_FORMAT},
    {STORE "segment s zero 4K\nnode n {\n 0 = page s 1\n}\n", ":4:6: segment s has 1 pages",
     ERROR_FORMAT},
    {STORE "node n {\n 0 = range nodes 84 1\n}\n", ":3:6: the store has only 84 free nodes",
     ERROR_FORMAT},
    {STORE "node n {\n 0 = range pages 80 6\n}\n", ":3:6: the store has only 85 free pages",
     ERROR_FORMAT},
    {STORE "segment a sparse 1M {\n keeper = start d\n}\n", ":3:11: no domain d", ERROR_FORMAT},
    {STORE "domain d {\n program program.elf\n map s at 0\n}\n", ":4:6: no segment s",
     ERROR_FORMAT},
    {STORE "segment s zero 8K\ndomain d {\n program program.elf\n map s at 4K\n}\n",
     ":5:6: 0x1000 is not a multiple of s's span", ERROR_FORMAT},
    {STORE "segment s zero 8K\ndomain d {\n program program.elf\n map s at 64K\n}\n",
     "two parts lie at the same address", ERROR_FORMAT},
    {"store s nodes 20 pages 100\ndomain d {\n program program.elf\n}\n", "no node is left",
     ERROR_FORMAT},
    {STORE "domain d {\n program program.elf\n}\ndomain d {\n program program.elf\n}\n",
     ":5:8: a second domain d", ERROR_FORMAT},
};

static unsigned files_in(const char *folder)
{
    unsigned count = 0;
    DIR *open = opendir(folder);
    cr_assert_not_null(open);
    for (struct dirent *entry; (entry = readdir(open)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(open);
    return count;
}

Test(make, names_the_place_of_what_cannot_be_done_and_leaves_nothing)
{
    struct scratch scratch;
    scratch_make(&scratch);
    scratch_program(&scratch);
    scratch_write(&scratch, "test.txt", "some text", 9);
    scratch_write(&scratch, "empty", "", 0);
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        struct error error;
        cr_assert_not(recipe_make(&scratch, refusals[i].text, "x.img", &error), "%s",
                      refusals[i].text);
        cr_expect_eq(error.code, refusals[i].code, "%s", error.text);
        const char *end = strstr(error.text, "test.recipe");
        cr_assert_not_null(end, "%s", error.text);
        cr_expect_not_null(strstr(end, refusals[i].says), "%s\nsays: %s\nnot:  %s",
                           refusals[i].text, error.text, refusals[i].says);
    }
    cr_expect_eq(files_in(scratch.folder), 3, "no image, no temporary file");
    scratch_remove(&scratch);
}

Test(make, an_image_that_cannot_be_written_is_an_environment_fault)
{
    struct scratch scratch;
    struct error error;
    scratch_make(&scratch);
    cr_assert_not(recipe_make(&scratch, STORE, "missing/x.img", &error));
    cr_expect_eq(error.code, ERROR_IO);
    scratch_remove(&scratch);
}

Test(make, a_failure_keeps_the_image_that_was_there)
{
    struct scratch scratch;
    struct error error;
    struct volume_header before, after;
    char path[SCRATCH_PATH_BYTES];
    scratch_make(&scratch);
    cr_assert(recipe_make(&scratch, STORE, "x.img", &error));
    scratch_file(&scratch, "x.img", path);
    block_load(path, 0, &before);
    cr_assert_not(recipe_make(&scratch, STORE "segment a file none\n", "x.img", &error));
    block_load(path, 0, &after);
    cr_expect_eq(memcmp(&before, &after, sizeof(before)), 0);
    scratch_remove(&scratch);
}

Test(make, volumes_lie_beside_the_first)
{
    char path[64];
    cr_expect(image_volume_path("a/b.img", 0, path, sizeof(path)));
    cr_expect_str_eq(path, "a/b.img");
    cr_expect(image_volume_path("a/b.img", 2, path, sizeof(path)));
    cr_expect_str_eq(path, "a/b-2.img");
    cr_expect(image_volume_path("a.d/b", 1, path, sizeof(path)));
    cr_expect_str_eq(path, "a.d/b-1");
    cr_expect(image_volume_path(".img", 1, path, sizeof(path)));
    cr_expect_str_eq(path, ".img-1");
    cr_expect_not(image_volume_path("a/b.img", 1, path, 9));
}

/* What a run left beside the image that was there is not for the new one. */
Test(make, a_new_image_is_not_put_back)
{
    struct scratch scratch;
    struct error error;
    char path[SCRATCH_PATH_BYTES];
    scratch_make(&scratch);
    scratch_write(&scratch, "new.img" RENEWAL_SUFFIX, "x", 1);
    cr_assert(recipe_make(&scratch, STORE, "new.img", &error), "%s", error.text);
    scratch_file(&scratch, "new.img" RENEWAL_SUFFIX, path);
    cr_expect_neq(access(path, F_OK), 0);
    scratch_remove(&scratch);
}
