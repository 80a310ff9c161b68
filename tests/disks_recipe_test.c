/* SPDX-License-Identifier: GPL-2.0-or-later */
/* disks_recipe_test.c - recipes are read as recipe.h says, every mistake is named with its place,
 * and nothing that is read can hurt the reader. */
#include "disks/recipe.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/abi.h"
#include "tests/support_disks.h"

#define STORE "store s nodes 100 pages 100\n"
#define IN_DOMAIN STORE "domain d {\n    program p\n    "

static struct recipe *parsed(const char *text)
{
    struct error error;
    struct recipe *recipe = malloc(sizeof(*recipe));
    cr_assert_not_null(recipe);
    bool good = recipe_parse(recipe, "test", text, &error);
    cr_assert(good, "%s", good ? "" : error.text);
    return recipe;
}

Test(recipe, reads_the_store_line_in_any_order)
{
    struct recipe *recipe = parsed("store big seed 0x10 mirror pages 2K volumes 3 area 9 nodes 1M");
    cr_expect_str_eq(recipe->label, "big");
    cr_expect_eq(recipe->node_count, 1u << 20);
    cr_expect_eq(recipe->page_count, 2048);
    cr_expect_eq(recipe->area_blocks, 9);
    cr_expect_eq(recipe->volume_count, 3);
    cr_expect_eq(recipe->seed, 16);
    cr_expect(recipe->mirror);
    free(recipe);
}

Test(recipe, has_defaults_for_what_a_store_line_leaves_out)
{
    struct recipe *recipe = parsed("# nothing else\n\n" STORE);
    cr_expect_eq(recipe->area_blocks, 256);
    cr_expect_eq(recipe->volume_count, 1);
    cr_expect_not(recipe->mirror);
    cr_expect_eq(recipe->place.line, 3);
    free(recipe);
}

Test(recipe, reads_segments_of_every_kind)
{
    struct recipe *recipe = parsed(STORE "segment a zero 5K read-only\n"
                                         "segment b file some/path 1M\n"
                                         "segment c file 9lives\n"
                                         "segment d sparse 16M {\n"
                                         "    segment a at 0x10000 read-only\n"
                                         "    keeper = start k 3\n"
                                         "    zero 4K at 0\n"
                                         "}\n");
    cr_assert_eq(recipe->segment_count, 4);
    cr_assert_eq(recipe->part_count, 5);
    cr_expect(recipe->parts[0].read_only);
    cr_expect_eq(recipe->parts[0].size_bytes, 5120);
    cr_expect_str_eq(recipe->parts[1].path, "some/path");
    cr_expect_eq(recipe->parts[1].size_bytes, 1u << 20);
    cr_expect_eq(recipe->parts[2].size_bytes, 0);
    cr_expect_eq(recipe->segments[3].part_first, 3);
    cr_expect_eq(recipe->segments[3].part_count, 2);
    cr_expect_eq(recipe->segments[3].keeper.data_byte, 3);
    cr_expect_eq(recipe->parts[3].offset, 0x10000);
    cr_expect_eq(recipe->parts[3].kind, PART_SEGMENT);
    free(recipe);
}

Test(recipe, reads_a_domain)
{
    struct recipe *recipe = parsed(IN_DOMAIN "stack 8K\n"
                                             "    map notes at 0x100000 read-only\n"
                                             "    key 15 = start d 255\n"
                                             "    keeper = start d\n"
                                             "    meter = meter cheap\n"
                                             "    symbols = segment notes\n"
                                             "    brand = node cheap\n"
                                             "    priority 7\n"
                                             "    argument 7 0xffffffffffffffff\n"
                                             "    register s11 4\n"
                                             "    run # now\n"
                                             "}");
    const struct recipe_domain *domain = &recipe->domains[0];
    cr_expect_eq(domain->stack_bytes, 8192);
    cr_expect(domain->maps[0].read_only);
    cr_expect_eq(domain->slots[15].type, KEY_START);
    cr_expect_eq(domain->slots[15].data_byte, 255);
    cr_expect_eq(domain->meter.target, TARGET_NODE);
    cr_expect_eq(domain->symbols.type, KEY_SEGMENT);
    cr_expect_eq(domain->brand.type, KEY_NODE);
    cr_expect_eq(domain->priority, 7);
    cr_expect_eq(domain->registers[17], UINT64_MAX);
    cr_expect_eq(domain->registers[27], 4);
    cr_expect(domain->run);
    free(recipe);
}

Test(recipe, knows_every_register_by_its_abi_name)
{
    static const char *const names[] = {"ra", "gp", "tp", "t0", "t1", "t2", "s0", "s1",
                                        "a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7",
                                        "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9",
                                        "s10", "s11", "t3", "t4", "t5", "t6"};
    for (unsigned i = 0; i < 30; i++) {
        char text[200];
        (void)snprintf(text, sizeof(text), IN_DOMAIN "register %s 123\n}\n", names[i]);
        struct recipe *recipe = parsed(text);
        cr_expect_eq(recipe->domains[0].registers[i ? i + 2 : 1], 123, "%s", names[i]);
        free(recipe);
    }
}

Test(recipe, knows_every_kind_of_key)
{
    static const struct {
        const char *text;
        uint8_t type, data_byte, target;
    } keys[] = {
        {"number 0x10", KEY_DATA, 0, TARGET_NONE},
        {"zero", KEY_DATA, 0, TARGET_NONE},
        {"start d", KEY_START, 0, TARGET_DOMAIN},
        {"start d 200", KEY_START, 200, TARGET_DOMAIN},
        {"domain d", KEY_DOMAIN, 0, TARGET_DOMAIN},
        {"node n", KEY_NODE, 0, TARGET_NODE},
        {"fetch n", KEY_FETCH, 0, TARGET_NODE},
        {"sense n", KEY_SENSE, 0, TARGET_NODE},
        {"segment s", KEY_SEGMENT, 0, TARGET_SEGMENT},
        {"segment s read-only", KEY_SEGMENT, KEY_READ_ONLY, TARGET_SEGMENT},
        {"page s 4", KEY_PAGE, 0, TARGET_SEGMENT},
        {"page s 4 read-only", KEY_PAGE, KEY_READ_ONLY, TARGET_SEGMENT},
        {"meter", KEY_METER, 0, TARGET_NONE},
        {"meter n", KEY_METER, 0, TARGET_NODE},
        {"timer", KEY_TIMER, 0, TARGET_NONE},
        {"console", KEY_CONSOLE, 0, TARGET_NONE},
        {"display", KEY_DISPLAY, 0, TARGET_NONE},
        {"input keyboard", KEY_INPUT, INPUT_KEYBOARD, TARGET_NONE},
        {"input pointer", KEY_INPUT, INPUT_POINTER_DEVICE, TARGET_NONE},
        {"input both", KEY_INPUT, INPUT_BOTH, TARGET_NONE},
        {"power", KEY_POWER, 0, TARGET_NONE},
        {"discrim", KEY_DISCRIM, 0, TARGET_NONE},
        {"returner", KEY_RETURNER, 0, TARGET_NONE},
        {"compare", KEY_COMPARE, 0, TARGET_NONE},
        {"data-creator", KEY_DATA_CREATOR, 0, TARGET_NONE},
        {"domain-tool", KEY_DOMAIN_TOOL, 0, TARGET_NONE},
        {"peek", KEY_PEEK, 0, TARGET_NONE},
        {"checkpoint", KEY_CHECKPOINT, 0, TARGET_NONE},
        {"journal", KEY_JOURNAL, 0, TARGET_NONE},
        {"error-log", KEY_ERROR_LOG, 0, TARGET_NONE},
        {"front-end n", KEY_FRONT_END, 0, TARGET_NODE},
        {"range nodes", KEY_NODE_RANGE, 0, TARGET_NONE},
        {"range pages 3 4", KEY_PAGE_RANGE, 0, TARGET_NONE},
    };
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        char text[200];
        (void)snprintf(text, sizeof(text), STORE "node x {\n 3 = %s\n}\n", keys[i].text);
        struct recipe *recipe = parsed(text);
        const struct recipe_key *key = &recipe->nodes[0].slots[3];
        cr_expect_eq(key->type, keys[i].type, "%s", keys[i].text);
        cr_expect_eq(key->data_byte, keys[i].data_byte, "%s", keys[i].text);
        cr_expect_eq(key->target, keys[i].target, "%s", keys[i].text);
        cr_expect_eq(key->place.line, 3, "%s", keys[i].text);
        free(recipe);
    }
}

/* A mistake, and what the error says: place first. */
static const struct mistake {
    const char *text, *says;
} mistakes[] = {
    {"", "test:1:1: there is no store line"},
    {"\n\n# only talk\n", ": there is no store line"},
    {"stone s\n", "test:1:1: 'stone': expected store, segment, node or domain"},
    {"store\n", "test:1:6: a name is missing"},
    {"store a/b nodes 1 pages 1\n", "test:1:7: 'a/b' is not a name"},
    {"store s nodes 5\n", "test:1:16: a store needs both nodes and pages"},
    {"store s nodes x pages 1\n", "test:1:15: 'x': expected a number"},
    {"store s nodes -1 pages 1\n", "test:1:15: '-1': expected a number"},
    {"store s nodes 1Q pages 1\n", "test:1:15: '1Q': expected a number"},
    {"store s nodes 99999999999999999999 pages 1\n", "test:1:15: "},
    {"store s nodes 16M pages 33M\n", "test:1:25: 33M: more than the 33554432 allowed"},
    {"store s nodes 1 pages 1 speed 9\n", "test:1:25: 'speed': expected nodes, pages"},
    {"store s nodes 1 pages 1 area 3\n", "an area needs at least 4 blocks"},
    {"store s nodes 1 pages 1 volumes 5\n", "test:1:33: 5: more than the 4 allowed"},
    {"store s nodes 1 pages 1 volumes 0\n", "at least one volume"},
    {STORE "  " STORE, "test:2:9: a second store line; the first is line 1"},
    {STORE "segment\n", "test:2:8: a name is missing"},
    {STORE "segment a\n", "test:2:10: '': expected zero SIZE or file PATH, or sparse"},
    {STORE "segment a zero\n", "test:2:15: '': expected a number"},
    {STORE "segment a zero 0\n", "test:2:16: a size of 0 holds nothing"},
    {STORE "segment a zero 1K 2K\n", "test:2:19: '2K' is too much on this line"},
    {STORE "segment a file\n", "test:2:15: a path is missing"},
    {STORE "segment a segment b\n", "test:2:11: 'segment': expected zero"},
    {STORE "segment a sparse 1M\n", "test:2:20: expected '{'"},
    {STORE "segment a sparse 1M {\n", "the text ends and a '}' is missing"},
    {STORE "segment a sparse 1M {\n zero 1K\n}\n", "test:3:9: expected: at OFFSET"},
    {STORE "segment a sparse 1M {\n nose 1K\n}\n", "test:3:2: 'nose': expected zero SIZE, file"},
    {STORE "segment a sparse 1M {\n keeper start x\n}\n", "test:3:9: expected '= KEY'"},
    {STORE "node\n", "test:2:5: a name is missing"},
    {STORE "node n\n", "test:2:7: expected '{'"},
    {STORE "node n { 1 = zero }\n", "test:2:10: '1' is too much on this line"},
    {STORE "node n {\n 16 = zero\n}\n", "test:3:2: 16: more than the 15 allowed"},
    {STORE "node n {\n 1 zero\n}\n", "test:3:4: expected '= KEY'"},
    {STORE "node n {\n 1 =\n}\n", "test:3:5: '' is not a kind of key"},
    {STORE "node n {\n 1 = gold\n}\n", "test:3:6: 'gold' is not a kind of key"},
    {STORE "node n {\n 1 = zero\n 1 = zero\n}\n", "test:4:6: there is a key already, from line 3"},
    {STORE "node n {\n 1 = start\n}\n", "test:3:11: a name is missing"},
    {STORE "node n {\n 1 = start d 256\n}\n", "test:3:14: 256: more than the 255 allowed"},
    {STORE "node n {\n 1 = start d 1 2\n}\n", "test:3:16: '2' is too much"},
    {STORE "node n {\n 1 = page s\n}\n", "test:3:12: '': expected a number"},
    {STORE "node n {\n 1 = input nose\n}\n", "test:3:12: expected: input keyboard, pointer"},
    {STORE "node n {\n 1 = range\n}\n", "test:3:11: expected: range nodes or range pages"},
    {STORE "node n {\n 1 = range nodes 1\n}\n", "test:3:19: '': expected a number"},
    {STORE "node n {\n 1 = range nodes 1 0\n}\n", "a range has at least one object"},
    {STORE "node n {\n 1 = range pages 1 1 1\n}\n", "test:3:22: '1' is too much"},
    {STORE "node n {\n 1 = number\n}\n", "test:3:12: '': expected a number"},
    {STORE "node n {\n 1 = node 012345678901234567890123456789012\n}\n", "at most 31 letters"},
    {STORE "domain\n", "test:2:7: a name is missing"},
    {STORE "domain d {\n}\n", "test:2:8: domain d has no program line"},
    {STORE "domain d {\n program p\n", "the text ends and a '}' is missing"},
    {IN_DOMAIN "fly\n}\n", "test:4:5: 'fly' is not known inside a domain"},
    {IN_DOMAIN "program q\n}\n", "test:4:13: a second program line; the first is line 3"},
    {IN_DOMAIN "stack\n}\n", "test:4:10: '': expected a number"},
    {IN_DOMAIN "stack 65M\n}\n", "test:4:11: 65M: more than"},
    {IN_DOMAIN "stack 1K\n stack 1K\n}\n", "test:5:8: a second stack line"},
    {IN_DOMAIN "map\n}\n", "test:4:8: a name is missing"},
    {IN_DOMAIN "map s\n}\n", "test:4:10: expected: at ADDR"},
    {IN_DOMAIN "map s at 0x4000000000\n}\n", "test:4:14: 0x4000000000: more than"},
    {IN_DOMAIN "map s at 0 read-write\n}\n", "test:4:16: 'read-write' is too much"},
    {IN_DOMAIN "key 1\n}\n", "test:4:10: expected '= KEY'"},
    {IN_DOMAIN "keeper = zero\n keeper = zero\n}\n", "there is a key already, from line 4"},
    {IN_DOMAIN "priority 8\n}\n", "test:4:14: 8: more than the 7 allowed"},
    {IN_DOMAIN "priority 1\n priority 1\n}\n", "test:5:11: a second priority line"},
    {IN_DOMAIN "argument 8 1\n}\n", "test:4:14: 8: more than the 7 allowed"},
    {IN_DOMAIN "argument 1\n}\n", "test:4:15: '': expected a number"},
    {IN_DOMAIN "register sp 1\n}\n", "test:4:14: sp is the end of the stack"},
    {IN_DOMAIN "register x5 1\n}\n", "test:4:14: 'x5' is not a register of the ABI"},
    {IN_DOMAIN "run fast\n}\n", "test:4:9: 'fast' is too much"},
};

Test(recipe, names_every_mistake_and_its_place)
{
    struct recipe *recipe = malloc(sizeof(*recipe));
    cr_assert_not_null(recipe);
    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
        struct error error;
        cr_assert_not(recipe_parse(recipe, "test", mistakes[i].text, &error), "%s",
                      mistakes[i].text);
        cr_expect_eq(error.code, ERROR_FORMAT);
        cr_expect_not_null(strstr(error.text, mistakes[i].says), "%s\nsays: %s\nnot:  %s",
                           mistakes[i].text, error.text, mistakes[i].says);
    }
    free(recipe);
}

/* More of a thing than there is room for: line after line. */
static void expect_full(const char *format, unsigned count, const char *says)
{
    struct error error;
    struct recipe *recipe = malloc(sizeof(*recipe));
    char *text = calloc(count + 2, 100);
    cr_assert_not_null(recipe);
    cr_assert_not_null(text);
    size_t length = (size_t)sprintf(text, "%s", STORE);
    for (unsigned i = 0; i < count; i++)
        length += (size_t)snprintf(text + length, 100, format, i, i);
    cr_assert_not(recipe_parse(recipe, "test", text, &error), "%s", says);
    cr_expect_not_null(strstr(error.text, says), "%s", error.text);
    free(text);
    free(recipe);
}

Test(recipe, has_a_limit_on_everything)
{
    expect_full("segment a%u zero 4K # %u\n", RECIPE_SEGMENTS_MAX + 1, "more than 64 segments");
    expect_full("node n%u { # %u\n}\n", RECIPE_NODES_MAX + 1, "more than 64 nodes");
    expect_full("domain d%u {\nprogram p # %u\n}\n", RECIPE_DOMAINS_MAX + 1,
                "more than 64 domains");
    expect_full("segment a%u sparse 1M {\nzero 4K at 0\nzero 4K at 4K\nzero 4K at 8K # %u\n}\n", 50,
                "more than 128 parts");
}

Test(recipe, refuses_a_line_that_is_too_long)
{
    struct error error;
    struct recipe *recipe = malloc(sizeof(*recipe));
    char text[1200];
    cr_assert_not_null(recipe);
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    cr_assert_not(recipe_parse(recipe, "test", text, &error));
    cr_expect_not_null(strstr(error.text, "more than 1023 bytes"));
    for (size_t i = 1; i < 200; i += 2)
        text[i] = ' ';
    text[200] = '\0';
    cr_assert_not(recipe_parse(recipe, "test", text, &error));
    cr_expect_not_null(strstr(error.text, "more than 32 words"));
    free(recipe);
}

Test(recipe, refuses_files_that_are_not_recipes)
{
    struct scratch scratch;
    struct error error;
    char path[SCRATCH_PATH_BYTES];
    struct recipe *recipe = malloc(sizeof(*recipe));
    cr_assert_not_null(recipe);
    scratch_make(&scratch);
    scratch_file(&scratch, "missing", path);
    cr_expect_not(recipe_read(recipe, path, &error));
    cr_expect_eq(error.code, ERROR_IO);
    cr_expect_not(recipe_read(recipe, scratch.folder, &error));
    cr_expect_eq(error.code, ERROR_IO);
    scratch_write(&scratch, "binary", "store\0s", 7);
    scratch_file(&scratch, "binary", path);
    cr_expect_not(recipe_read(recipe, path, &error));
    cr_expect_not_null(strstr(error.text, "not a text file"));
    scratch_remove(&scratch);
    free(recipe);
}

/* Cut, repeat, swap and replace parts of a good recipe. */
static void text_damage(struct random *random, char *text, size_t room)
{
    static const char *const words[] = {"{", "}", "at", "=", "0x", "K", "segment", "\n",
                                        "\xff\xfe", "99999999999999999999", "start", "#", "-"};
    for (uint64_t changes = 1 + random_below(random, 6); changes > 0; changes--) {
        size_t length = strlen(text);
        size_t from = (size_t)random_below(random, length + 1);
        const char *word = words[random_below(random, sizeof(words) / sizeof(words[0]))];
        size_t word_length = strlen(word);
        switch (random_below(random, 4)) {
        case 0:
            text[from] = '\0';
            break;
        case 1:
            if (length > 0)
                text[random_below(random, length)] = (char)(1 + random_below(random, 255));
            break;
        case 2:
            if (length + word_length + 1 < room) {
                memmove(text + from + word_length, text + from, length - from + 1);
                memcpy(text + from, word, word_length);
            }
            break;
        default: {
            size_t gone = (size_t)random_below(random, length - from + 1);
            memmove(text + from, text + from + gone, length - from - gone + 1);
        }
        }
    }
}

Test(recipe, survives_two_thousand_malformed_texts)
{
    const uint64_t seed = 41;
    struct random random = {seed};
    char text[4096];
    unsigned refused = 0;
    struct recipe *recipe = malloc(sizeof(*recipe));
    cr_assert_not_null(recipe);
    for (unsigned i = 0; i < 2000; i++) {
        struct error error = {0};
        (void)snprintf(text, sizeof(text), "%s", sample_recipe);
        text_damage(&random, text, sizeof(text));
        if (recipe_parse(recipe, "test", text, &error))
            continue;
        refused++;
        cr_assert_eq(strncmp(error.text, "test:", 5), 0, "seed %u round %u: %s", (unsigned)seed, i,
                     error.text);
    }
    cr_expect_gt(refused, 1000, "seed %u: %u refused", (unsigned)seed, refused);
    free(recipe);
}
