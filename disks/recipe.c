/* SPDX-License-Identifier: GPL-2.0-or-later */
/* recipe.c - parses recipes: lines into words, words into the structures of recipe.h. Called by
 * make.c's callers and the tests; calls nothing but base.
 *
 * Invariants
 *  1. The first mistake ends the reading with FILE:LINE and what is wrong; nothing is guessed.
 *  2. Every array is bounded by the maxima in recipe.h, every number by what its field can hold.
 */
#include "disks/recipe.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "disks/recipe_words.h"
#include "emulator/base/elf_file.h"

#define DEFAULT_AREA_BLOCKS 256u
#define DEFAULT_STACK_BYTES (16u << 10)
#define OBJECTS_MAX (1ull << 25)
#define SEGMENT_BYTES_MAX (1ull << 32)

static bool parse_store(struct recipe *recipe, struct words *words, struct error *error)
{
    if (recipe->line)
        return words_fail(words, error, "a second store line (the first is line %u)",
                          recipe->line);
    recipe->line = words->line;
    recipe->area_blocks = DEFAULT_AREA_BLOCKS;
    if (!words_name(words, recipe->label, error))
        return false;
    while (!words_end(words)) {
        uint64_t *target;
        uint64_t most = OBJECTS_MAX;
        if (words_accept(words, "nodes"))
            target = &recipe->node_count;
        else if (words_accept(words, "pages"))
            target = &recipe->page_count;
        else if (words_accept(words, "area"))
            target = &recipe->area_blocks;
        else if (words_accept(words, "seed"))
            target = &recipe->seed, most = UINT64_MAX;
        else
            return words_fail(words, error, "'%s': expected nodes, pages, area or seed",
                              words_peek(words));
        if (!words_number(words, target, most, error))
            return false;
    }
    if (recipe->node_count == 0 || recipe->page_count == 0)
        return words_fail(words, error, "a store needs both nodes and pages");
    if (recipe->area_blocks < 4)
        return words_fail(words, error, "an area needs at least 4 blocks");
    return true;
}

static bool parse_segment(struct recipe *recipe, struct words *words, struct error *error)
{
    if (recipe->segment_count == RECIPE_SEGMENTS_MAX)
        return words_fail(words, error, "more than %u segments", RECIPE_SEGMENTS_MAX);
    struct recipe_segment *segment = &recipe->segments[recipe->segment_count++];
    segment->line = words->line;
    if (!words_name(words, segment->name, error))
        return false;
    if (words_accept(words, "zero")) {
        if (!words_number(words, &segment->size_bytes, SEGMENT_BYTES_MAX, error))
            return false;
        if (segment->size_bytes == 0)
            return words_fail(words, error, "segment %s has no size", segment->name);
    } else if (words_accept(words, "file")) {
        if (!words_path(words, segment->path, error))
            return false;
        if (!words_end(words) &&
            !words_number(words, &segment->size_bytes, SEGMENT_BYTES_MAX, error))
            return false;
    } else {
        return words_fail(words, error, "segment %s: expected zero SIZE or file PATH",
                          segment->name);
    }
    return words_finish(words, error);
}

static bool parse_slot(struct words *words, struct recipe_key slots[16], struct error *error)
{
    uint64_t slot;
    if (!words_number(words, &slot, 15, error))
        return false;
    if (!words_accept(words, "="))
        return words_fail(words, error, "expected '=' after the slot");
    if (slots[slot].line)
        return words_fail(words, error, "slot %u is already filled (line %u)", (unsigned)slot,
                          slots[slot].line);
    return recipe_parse_key(words, &slots[slot], error);
}

static bool parse_node(struct recipe *recipe, struct words *words, struct error *error)
{
    if (recipe->node_count_named == RECIPE_NODES_MAX)
        return words_fail(words, error, "more than %u nodes", RECIPE_NODES_MAX);
    struct recipe_node *node = &recipe->nodes[recipe->node_count_named++];
    node->line = words->line;
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
    map->line = words->line;
    if (!words_name(words, map->segment, error))
        return false;
    if (!words_accept(words, "at"))
        return words_fail(words, error, "expected: map SEGMENT at ADDR");
    if (!words_number(words, &map->addr, (1ull << 38) - 1, error))
        return false;
    map->read_only = words_accept(words, "read-only");
    return words_finish(words, error);
}

static bool parse_argument(struct recipe_domain *domain, struct words *words,
                           struct error *error)
{
    uint64_t index;
    return words_number(words, &index, 7, error) &&
           words_number(words, &domain->arguments[index], UINT64_MAX, error) &&
           words_finish(words, error);
}

static bool parse_equals_key(struct words *words, struct recipe_key *key, struct error *error)
{
    if (!words_accept(words, "="))
        return words_fail(words, error, "expected '='");
    return recipe_parse_key(words, key, error);
}

static bool parse_domain_line(struct recipe_domain *domain, struct words *words,
                              struct error *error)
{
    uint64_t number;
    if (words_accept(words, "program"))
        return words_path(words, domain->program, error) && words_finish(words, error);
    if (words_accept(words, "stack"))
        return words_number(words, &domain->stack_bytes, 64u << 20, error) &&
               words_finish(words, error);
    if (words_accept(words, "map"))
        return parse_map(domain, words, error);
    if (words_accept(words, "key"))
        return parse_slot(words, domain->slots, error);
    if (words_accept(words, "keeper"))
        return parse_equals_key(words, &domain->keeper, error);
    if (words_accept(words, "symbols"))
        return parse_equals_key(words, &domain->symbols, error);
    if (words_accept(words, "argument"))
        return parse_argument(domain, words, error);
    if (words_accept(words, "priority")) {
        if (!words_number(words, &number, 7, error))
            return false;
        domain->priority = (unsigned)number;
        return words_finish(words, error);
    }
    if (words_accept(words, "run")) {
        domain->run = true;
        return words_finish(words, error);
    }
    return words_fail(words, error, "'%s' is not known inside a domain", words_peek(words));
}

static bool parse_domain(struct recipe *recipe, struct words *words, struct error *error)
{
    if (recipe->domain_count == RECIPE_DOMAINS_MAX)
        return words_fail(words, error, "more than %u domains", RECIPE_DOMAINS_MAX);
    struct recipe_domain *domain = &recipe->domains[recipe->domain_count++];
    domain->line = words->line;
    domain->stack_bytes = DEFAULT_STACK_BYTES;
    if (!words_name(words, domain->name, error) || !words_open(words, error))
        return false;
    while (words_next_in_block(words))
        if (!parse_domain_line(domain, words, error))
            return false;
    if (!words_close(words, error))
        return false;
    if (domain->program[0] == '\0')
        return words_fail(words, error, "domain %s has no program", domain->name);
    return true;
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
        return words_fail(&words, error, "the line is longer than %u bytes",
                          WORDS_LINE_BYTES - 1);
    if (!recipe->line)
        return words_fail(&words, error, "no store line");
    return true;
}

bool recipe_read(struct recipe *recipe, const char *path, struct error *error)
{
    uint8_t *text;
    size_t size_bytes;
    if (!file_read_whole(path, RECIPE_FILE_BYTES_MAX, &text, &size_bytes, error))
        return false;
    bool good;
    if (memchr(text, '\0', size_bytes))
        good = error_set(error, ERROR_FORMAT, "%s: not a text file", path);
    else
        good = recipe_parse(recipe, path, (const char *)text, error);
    free(text);
    return good;
}
