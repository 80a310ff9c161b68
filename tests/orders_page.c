/* SPDX-License-Identifier: GPL-2.0-or-later */
/* orders_page.c - writes kernel/orders.md: the numbers from the table of all orders, the words from
 * the page as it is; see orders_page.h. */
#include "tests/orders_page.h"

#include <inttypes.h>
#include <string.h>

#include "kernel/key.h"
#include "kernel/orders.h"

struct row {
    const char *name;
    uint32_t types;
    uint64_t first, count;
    unsigned words;
    bool changes;
};

#define ROW(of, code, codes_in_all, function, size, demands)                                       \
    {.name = #code,                                                                                \
     .types = ORDER_OF_##of,                                                                       \
     .first = (code),                                                                              \
     .count = (codes_in_all),                                                                      \
     .words = (size),                                                                              \
     .changes = (demands) & CHANGES},
#define CLASS_ROWS(class) static const struct row rows_##class[] = {ORDERS_##class(ROW)};
ORDER_CLASSES(CLASS_ROWS)
/* Gates and meters have no orders of their own. */
static const struct row rows_GATE[] = {{.types = 0}}, rows_METER[] = {{.types = 0}};

struct type {
    const char *name, *class, *weak;
    enum key_type number;
    uint64_t akt;
    const struct row *rows;
    size_t row_count;
};
#define TYPE(type, in_class, alleged, weakened)                                                    \
    {.name = #type,                                                                                \
     .class = #in_class,                                                                           \
     .weak = #weakened,                                                                            \
     .number = KEY_##type,                                                                         \
     .akt = (alleged),                                                                             \
     .rows = rows_##in_class,                                                                      \
     .row_count = sizeof(rows_##in_class) / sizeof(rows_##in_class[0])},
static const struct type types[] = {ORDER_TYPES(TYPE)};
#define TYPE_COUNT (sizeof(types) / sizeof(types[0]))

/* A cell of the row with this name (in its second cell), in the old page from the heading on. */
struct words {
    int length;
    const char *text;
};

static struct words words_of(const char *page, const char *heading, const char *name, unsigned cell)
{
    char key[80];
    (void)snprintf(key, sizeof(key), " | %s | ", name);
    const char *at = strstr(page, heading), *end;
    at = at ? strstr(at, key) : NULL;
    for (unsigned i = 1; at && i <= cell; i++) /* to the bar in front of the cell */
        at = strchr(at + 1, '|');
    if (!at || !(end = strchr(at + 1, '|')) || end - at < 3)
        return (struct words){1, "?"};
    return (struct words){(int)(end - at) - 3, at + 2};
}

static const char *weak_text(const char *weak)
{
    static const char *const texts[][2] = {
        {"SAME", "the same"},
        {"READ_ONLY", "the same, read-only"},
        {"NO_CALL", "the same, read-only and no-call"},
        {"SENSE", "a sense key, read-only and no-call"},
        {"ZERO", "data key 0"},
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (strcmp(texts[i][0], weak) == 0)
            return texts[i][1];
    return weak;
}

static void types_write(FILE *file, const char *old)
{
    fprintf(file, "| n | type | what it is | data byte | AKT | a sense key hands out |\n"
                  "|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < TYPE_COUNT; i++) {
        const struct type *type = &types[i];
        char akt[20] = "-";
        if (type->akt)
            (void)snprintf(akt, sizeof(akt), "0x%" PRIx64, type->akt);
        char name[40];
        (void)snprintf(name, sizeof(name), "KEY_%s", type->name);
        struct words what = words_of(old, "", name, 2), data_byte = words_of(old, "", name, 3);
        fprintf(file, "| %u | %s | %.*s | %.*s | %s | %s |\n", (unsigned)type->number, name,
                what.length, what.text, data_byte.length, data_byte.text, akt,
                weak_text(type->weak));
    }
}

/* Which of the class's types know an order, when not all do. */
static void knowers_write(FILE *file, const struct type *class, const struct row *row)
{
    const char *separator = "";
    for (size_t i = 0; i < TYPE_COUNT; i++) {
        if (strcmp(types[i].class, class->class) != 0 || !(row->types >> types[i].number & 1))
            continue;
        fprintf(file, "%s%s", separator, types[i].name);
        separator = ", ";
    }
}

static void row_write(FILE *file, const char *old, const struct type *class,
                      const struct row *row)
{
    if (row->count >= ORDER_EVERY)
        fprintf(file, "| any |");
    else if (row->count > 1)
        fprintf(file, "| %" PRIu64 "-%" PRIu64 " |", row->first, row->first + row->count - 1);
    else
        fprintf(file, "| %" PRIu64 " |", row->first);
    fprintf(file, " %s | ", row->name);
    knowers_write(file, class, row);
    char heading[40];
    (void)snprintf(heading, sizeof(heading), "\n## KEY_%s", class->name);
    struct words takes = words_of(old, heading, row->name, 3);
    struct words gives = words_of(old, heading, row->name, 5);
    struct words codes = words_of(old, heading, row->name, 6);
    fprintf(file, " | %.*s | %u | %.*s | %.*s | %s |\n", takes.length, takes.text, row->words * 8,
            gives.length, gives.text, codes.length, codes.text, row->changes ? "no" : "yes");
}

static bool class_is_written(size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (strcmp(types[i].class, types[index].class) == 0)
            return true;
    return types[index].rows[0].types == 0;
}

static void class_write(FILE *file, const char *old, const struct type *class)
{
    const char *separator = "\n## ";
    for (size_t i = 0; i < TYPE_COUNT; i++)
        if (strcmp(types[i].class, class->class) == 0) {
            fprintf(file, "%sKEY_%s", separator, types[i].name);
            separator = ", ";
        }
    fprintf(file,
            "\n\n| code | order | known to | takes | string, bytes at least | gives | answers "
            "| through a read-only key |\n|---|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < class->row_count; i++)
        row_write(file, old, class, &class->rows[i]);
}

void orders_page_write(FILE *file, const char *old)
{
    fprintf(file,
            "# Keys and their orders\n\n"
            "The numbers of this page, who knows an order, and how much string it needs are made "
            "from the table in `orders.h`: `build/orders_page kernel/orders.md` prints the page "
            "anew, with the words that are in it. Numbers: `abi.h`.\n\n"
            "1. Order 0x%" PRIx64
            " is answered with the key's AKT; that of a segment key also has its"
            " size code in bits 8-11, and read-only page and segment keys have bit 12.\n"
            "2. An order that is not listed is answered with RC_BAD_ORDER.\n"
            "3. Then a change through a read-only node, page or domain key is answered with"
            " RC_READ_ONLY; in a store that takes no checkpoints, once memory is full of changes,"
            " one more with RC_NO_PAGES (page keys) or RC_NO_NODES; and a string that is too short"
            " with RC_FORMAT.\n"
            "4. \"+ slot\" and the like: the number is added to the order. Numbers in strings are"
            " 64 bits.\n"
            "5. A void key, whose object was rescinded, is a data key. A key whose object no disk"
            " that is there has answers every order with RC_DEVICE.\n"
            "6. A domain key whose nodes do not make a domain answers RC_FORMAT. \"Not to"
            " oneself\": so it does to the domain itself.\n\n",
            (uint64_t)ORDER_TYPE);
    types_write(file, old);
    for (size_t i = 0; i < TYPE_COUNT; i++)
        if (!class_is_written(i))
            class_write(file, old, &types[i]);
}
