/* SPDX-License-Identifier: GPL-2.0-or-later */
/* recipe.c - parses recipes: lines into words, words into the structures of recipe.h. Called by
 * make.c's callers and the tests; calls nothing but base.
 *
 * Invariants
 *  1. The first mistake ends the reading with FILE:LINE:COLUMN and what is wrong; nothing is
 *     guessed.
 *  2. Every array is bounded by the maxima in recipe.h, every number by what its field can hold.
 */
#include "disks/recipe.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "disks/format.h"
#include "disks/recipe_words.h"
#include "emulator/base/input_file.h"

#define DEFAULT_AREA_BLOCKS 256u
#define AREA_BLOCKS_MIN 4u
#define DEFAULT_JOURNAL_BLOCKS 64u
#define JOURNAL_BLOCKS_MAX (1u << 20)
#define DEFAULT_STACK_BYTES (16u << 10)
#define STACK_BYTES_MAX (64u << 20)
#define OBJECTS_MAX (1ull << 25)
#define SEGMENT_BYTES_MAX (1ull << 32)
#define ADDR_MAX ((1ull << 38) - 1)
#define PRIORITY_MAX 7u
#define REGISTER_SP 2u
#define REGISTER_A0 10u

bool recipe_fail(const struct recipe *recipe, struct recipe_place place, struct error *error,
                 const char *format, ...)
{
    char text[ERROR_TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    return error_set(error, ERROR_FORMAT, "%s:%u:%u: %s", recipe->path, place.line, place.column,
                     text);
}

static bool parse_store_option(struct recipe *recipe, struct words *words, struct error *error)
{
    if (words_accept(words, "nodes"))
        return words_number(words, &recipe->node_count, OBJECTS_MAX, error);
    if (words_accept(words, "pages"))
        return words_number(words, &recipe->page_count, OBJECTS_MAX, error);
    if (words_accept(words, "area"))
        return words_number(words, &recipe->area_blocks, OBJECTS_MAX, error);
    if (words_accept(words, "journal"))
        return words_number(words, &recipe->journal_blocks, JOURNAL_BLOCKS_MAX, error);
    if (words_accept(words, "volumes"))
        return words_number(words, &recipe->volume_count, VOLUME_DISKS_MAX, error);
    if (words_accept(words, "seed"))
        return words_number(words, &recipe->seed, UINT64_MAX, error);
    if (words_accept(words, "mirror"))
        return recipe->mirror = true;
    return words_fail(words, error,
                      "'%s': expected nodes, pages, area, journal, volumes, mirror or seed",
                      words_peek(words));
}

static bool parse_store(struct recipe *recipe, struct words *words, struct error *error)
{
    if (recipe->place.line)
        return words_fail(words, error, "a second store line; the first is line %u",
                          recipe->place.line);
    recipe->place = words_place(words);
    recipe->area_blocks = DEFAULT_AREA_BLOCKS;
    recipe->journal_blocks = DEFAULT_JOURNAL_BLOCKS;
    recipe->volume_count = 1;
    if (!words_name(words, recipe->label, error))
        return false;
    while (!words_end(words))
        if (!parse_store_option(recipe, words, error))
            return false;
    if (recipe->node_count == 0 || recipe->page_count == 0)
        return words_fail(words, error, "a store needs both nodes and pages");
    if (recipe->area_blocks < AREA_BLOCKS_MIN)
        return words_fail(words, error, "an area needs at least %u blocks", AREA_BLOCKS_MIN);
    if (recipe->journal_blocks < JOURNAL_BLOCKS_MIN)
        return words_fail(words, error, "a journal needs at least %u blocks", JOURNAL_BLOCKS_MIN);
    return recipe->volume_count > 0 ||
           words_fail(words, error, "a store has at least one volume");
}

static bool parse_size(struct words *words, uint64_t *size_bytes, struct error *error)
{
    struct words before = *words;
    if (!words_number(words, size_bytes, SEGMENT_BYTES_MAX, error))
        return false;
    return *size_bytes > 0 || words_fail(&before, error, "a size of 0 holds nothing");
}

/* zero SIZE, file PATH [SIZE], segment NAME; in a sparse segment with "at OFFSET". */
static bool parse_part(struct recipe *recipe, struct words *words, bool placed,
                       struct error *error)
{
    if (recipe->part_count == RECIPE_PARTS_MAX)
        return words_fail(words, error, "more than %u parts of segments", RECIPE_PARTS_MAX);
    struct recipe_part *part = &recipe->parts[recipe->part_count++];
    part->place = words_place(words);
    bool good;
    if (words_accept(words, "zero")) {
        good = parse_size(words, &part->size_bytes, error);
    } else if (words_accept(words, "file")) {
        part->kind = PART_FILE;
        good = words_path(words, part->path, error);
        bool sized = words_peek(words)[0] >= '0' && words_peek(words)[0] <= '9';
        if (good && sized)
            good = parse_size(words, &part->size_bytes, error);
    } else if (placed && words_accept(words, "segment")) {
        part->kind = PART_SEGMENT;
        good = words_name(words, part->name, error);
    } else {
        return words_fail(words, error, "'%s': expected zero SIZE%s file PATH%s",
                          words_peek(words), placed ? "," : " or",
                          placed ? ", segment NAME or keeper = KEY" : ", or sparse SIZE {");
    }
    if (good && placed)
        good = words_accept(words, "at") ? words_number(words, &part->offset, ADDR_MAX, error)
                                         : words_fail(words, error, "expected: at OFFSET");
    part->read_only = good && words_accept(words, "read-only");
    return good && words_finish(words, error);
}

static bool parse_equals_key(struct words *words, struct recipe_key *key, struct error *error)
{
    if (!words_accept(words, "="))
        return words_fail(words, error, "expected '= KEY'");
    return recipe_parse_key(words, key, error);
}

static bool parse_segment(struct recipe *recipe, struct words *words, struct error *error)
{
    if (recipe->segment_count == RECIPE_SEGMENTS_MAX)
        return words_fail(words, error, "more than %u segments", RECIPE_SEGMENTS_MAX);
    struct recipe_segment *segment = &recipe->segments[recipe->segment_count++];
    segment->place = words_place(words);
    segment->part_first = recipe->part_count;
    if (!words_name(words, segment->name, error))
        return false;
    if (!words_accept(words, "sparse")) {
        segment->part_count = 1;
        return parse_part(recipe, words, false, error);
    }
    if (!parse_size(words, &segment->sparse_bytes, error) || !words_open(words, error))
        return false;
    while (words_next_in_block(words)) {
        bool good = words_accept(words, "keeper")
                        ? parse_equals_key(words, &segment->keeper, error)
                        : parse_part(recipe, words, true, error);
        if (!good)
            return false;
    }
    segment->part_count = recipe->part_count - segment->part_first;
    return words_close(words, error);
}

static bool parse_slot(struct words *words, struct recipe_key slots[16], struct error *error)
{
    uint64_t slot;
    if (!words_number(words, &slot, 15, error))
        return false;
    return parse_equals_key(words, &slots[slot], error);
}

static bool parse_node(struct recipe *recipe, struct words *words, struct error *error)
{
    if (recipe->node_count_named == RECIPE_NODES_MAX)
        return words_fail(words, error, "more than %u nodes", RECIPE_NODES_MAX);
    struct recipe_node *node = &recipe->nodes[recipe->node_count_named++];
    node->place = words_place(words);
    if (!words_name(words, node->name, error) || !words_open(words, error))
        return false;
    while (words_next_in_block(words))
        if (!parse_slot(words, node->slots, error))
            return false;
    return words_close(words, error);
}

static bool parse_map(struct recipe_domain *domain, struct words *words, struct error *error)
{
    if (domain->map_count == RECIPE_MAPS_MAX)
        return words_fail(words, error, "more than %u maps", RECIPE_MAPS_MAX);
    struct recipe_map *map = &domain->maps[domain->map_count++];
    map->place = words_place(words);
    if (!words_name(words, map->segment, error))
        return false;
    if (!words_accept(words, "at"))
        return words_fail(words, error, "expected: at ADDR");
    if (!words_number(words, &map->addr, ADDR_MAX, error))
        return false;
    map->read_only = words_accept(words, "read-only");
    return words_finish(words, error);
}

static bool parse_argument(struct recipe_domain *domain, struct words *words,
                           struct error *error)
{
    uint64_t index;
    return words_number(words, &index, 7, error) &&
           words_number(words, &domain->registers[REGISTER_A0 + index], UINT64_MAX, error) &&
           words_finish(words, error);
}

/* The names of x1..x31 in the RISC-V ABI (riscv-elf-psabi, "Integer Register Convention"). */
static bool parse_register(struct recipe_domain *domain, struct words *words,
                           struct error *error)
{
    static const char names[RECIPE_REGISTERS][4] = {
        "",   "ra", "sp", "gp", "tp",  "t0",  "t1", "t2", "s0", "s1", "a0",
        "a1", "a2", "a3", "a4", "a5",  "a6",  "a7", "s2", "s3", "s4", "s5",
        "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6"};
    for (unsigned i = 1; i < RECIPE_REGISTERS; i++)
        if (i != REGISTER_SP && words_accept(words, names[i]))
            return words_number(words, &domain->registers[i], UINT64_MAX, error) &&
                   words_finish(words, error);
    if (strcmp(words_peek(words), "sp") == 0)
        return words_fail(words, error, "sp is the end of the stack; use the stack line");
    return words_fail(words, error, "'%s' is not a register of the ABI", words_peek(words));
}

/* The place of a line that may stand only once in a domain. */
static bool parse_once(struct words *words, struct recipe_place *place, const char *what,
                       struct error *error)
{
    if (place->line)
        return words_fail(words, error, "a second %s line; the first is line %u", what,
                          place->line);
    *place = words_place(words);
    return true;
}

static bool parse_domain_number(struct recipe_domain *domain, struct words *words,
                                struct error *error)
{
    uint64_t number;
    if (words_accept(words, "stack"))
        return parse_once(words, &domain->stack_place, "stack", error) &&
               words_number(words, &domain->stack_bytes, STACK_BYTES_MAX, error) &&
               words_finish(words, error);
    if (words_accept(words, "argument"))
        return parse_argument(domain, words, error);
    if (words_accept(words, "register"))
        return parse_register(domain, words, error);
    if (!words_accept(words, "priority"))
        return words_fail(words, error, "'%s' is not known inside a domain", words_peek(words));
    if (!parse_once(words, &domain->priority_place, "priority", error) ||
        !words_number(words, &number, PRIORITY_MAX, error))
        return false;
    domain->priority = (unsigned)number;
    return words_finish(words, error);
}

static bool parse_domain_line(struct recipe_domain *domain, struct words *words,
                              struct error *error)
{
    if (words_accept(words, "program"))
        return parse_once(words, &domain->program_place, "program", error) &&
               words_path(words, domain->program, error) && words_finish(words, error);
    if (words_accept(words, "map"))
        return parse_map(domain, words, error);
    if (words_accept(words, "key"))
        return parse_slot(words, domain->slots, error);
    if (words_accept(words, "keeper"))
        return parse_equals_key(words, &domain->keeper, error);
    if (words_accept(words, "meter"))
        return parse_equals_key(words, &domain->meter, error);
    if (words_accept(words, "symbols"))
        return parse_equals_key(words, &domain->symbols, error);
    if (words_accept(words, "brand"))
        return parse_equals_key(words, &domain->brand, error);
    if (words_accept(words, "run")) {
        domain->run = true;
        return words_finish(words, error);
    }
    return parse_domain_number(domain, words, error);
}

static bool parse_domain(struct recipe *recipe, struct words *words, struct error *error)
{
    if (recipe->domain_count == RECIPE_DOMAINS_MAX)
        return words_fail(words, error, "more than %u domains", RECIPE_DOMAINS_MAX);
    struct recipe_domain *domain = &recipe->domains[recipe->domain_count++];
    domain->place = words_place(words);
    domain->stack_bytes = DEFAULT_STACK_BYTES;
    if (!words_name(words, domain->name, error) || !words_open(words, error))
        return false;
    while (words_next_in_block(words))
        if (!parse_domain_line(domain, words, error))
            return false;
    if (!words_close(words, error))
        return false;
    return domain->program_place.line ||
           recipe_fail(recipe, domain->place, error, "domain %s has no program line",
                       domain->name);
}

static bool parse_line(struct recipe *recipe, struct words *words, struct error *error)
{
    if (words_accept(words, "store"))
        return parse_store(recipe, words, error);
    if (words_accept(words, "segment"))
        return parse_segment(recipe, words, error);
    if (words_accept(words, "node"))
        return parse_node(recipe, words, error);
    if (words_accept(words, "domain"))
        return parse_domain(recipe, words, error);
    return words_fail(words, error, "'%s': expected store, segment, node or domain",
                      words_peek(words));
}

bool recipe_parse(struct recipe *recipe, const char *path, const char *text,
                  struct error *error)
{
    struct words words;
    memset(recipe, 0, sizeof(*recipe));
    if (strlen(path) >= RECIPE_PATH_BYTES)
        return error_set(error, ERROR_LIMIT, "%.40s...: the path is too long", path);
    memcpy(recipe->path, path, strlen(path) + 1);
    words_begin(&words, path, text);
    while (words_next_line(&words))
        if (!parse_line(recipe, &words, error))
            return false;
    if (words.too_long)
        return words_fail(&words, error, "%s", words.too_long);
    if (!recipe->place.line)
        return words_fail(&words, error, "there is no store line; add one: store LABEL nodes N "
                                         "pages N");
    return true;
}

bool recipe_read(struct recipe *recipe, const char *path, struct error *error)
{
    uint8_t *text;
    size_t size_bytes;
    if (!input_read(path, RECIPE_FILE_BYTES_MAX, &text, &size_bytes, error))
        return false;
    bool good;
    if (memchr(text, '\0', size_bytes))
        good = error_set(error, ERROR_FORMAT, "%s: not a text file", path);
    else
        good = recipe_parse(recipe, path, (const char *)text, error);
    free(text);
    return good;
}
