/* SPDX-License-Identifier: GPL-2.0-or-later */
/* orders_page.c - writes kernel/orders.md from the table of all orders; see orders_page.h. */
#include "tests/orders_page.h"

#include <inttypes.h>
#include <string.h>

#include "kernel/key.h"
#include "kernel/orders.h"

enum { READS, CHANGES };

struct row {
    const char *name;
    uint32_t types;
    uint64_t first, count;
    unsigned words;
    bool changes;
    const char *takes, *gives, *codes;
};

#define ROW(of, order, code, codes_in_all, function, size, changing, in, out, answers)             \
    {.name = #order,                                                                               \
     .types = ORDER_OF_##of,                                                                       \
     .first = (code),                                                                              \
     .count = (codes_in_all),                                                                      \
     .words = (size),                                                                              \
     .changes = (changing),                                                                        \
     .takes = (in),                                                                                \
     .gives = (out),                                                                               \
     .codes = (answers)},
#define CLASS_ROWS(class) static const struct row rows_##class[] = {ORDERS_##class(ROW)};
ORDER_CLASSES(CLASS_ROWS)
/* Gates and meters have no orders of their own. */
static const struct row rows_GATE[] = {{.types = 0}}, rows_METER[] = {{.types = 0}};

struct type {
    const char *name, *class, *weak, *data_byte, *what;
    enum key_type number;
    uint64_t akt;
    const struct row *rows;
    size_t row_count;
};
#define TYPE(type, in_class, alleged, weakened, byte, text)                                        \
    {.name = #type,                                                                                \
     .class = #in_class,                                                                           \
     .weak = #weakened,                                                                            \
     .data_byte = (byte),                                                                          \
     .what = (text),                                                                               \
     .number = KEY_##type,                                                                         \
     .akt = (alleged),                                                                             \
     .rows = rows_##in_class,                                                                      \
     .row_count = sizeof(rows_##in_class) / sizeof(rows_##in_class[0])},
static const struct type types[] = {ORDER_TYPES(TYPE)};
#define TYPE_COUNT (sizeof(types) / sizeof(types[0]))

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

static void types_write(FILE *file)
{
    fprintf(file, "| n | type | what it is | data byte | AKT | a sense key hands out |\n"
                  "|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < TYPE_COUNT; i++) {
        const struct type *type = &types[i];
        char akt[20] = "-";
        if (type->akt)
            (void)snprintf(akt, sizeof(akt), "0x%" PRIx64, type->akt);
        fprintf(file, "| %u | KEY_%s | %s | %s | %s | %s |\n", (unsigned)type->number, type->name,
                type->what, type->data_byte, akt, weak_text(type->weak));
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

static void row_write(FILE *file, const struct type *class, const struct row *row)
{
    if (row->count >= ORDER_EVERY)
        fprintf(file, "| any |");
    else if (row->count > 1)
        fprintf(file, "| %" PRIu64 "-%" PRIu64 " |", row->first, row->first + row->count - 1);
    else
        fprintf(file, "| %" PRIu64 " |", row->first);
    fprintf(file, " %s | ", row->name);
    knowers_write(file, class, row);
    fprintf(file, " | %s | %u | %s | %s | %s |\n", row->takes, row->words * 8, row->gives,
            row->codes, row->changes ? "no" : "yes");
}

static bool class_is_written(size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (strcmp(types[i].class, types[index].class) == 0)
            return true;
    return types[index].rows[0].types == 0;
}

static void class_write(FILE *file, const struct type *class)
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
        row_write(file, class, &class->rows[i]);
}

void orders_page_write(FILE *file)
{
    fprintf(file,
            "# Keys and their orders\n\n"
            "This page is made from the table in `orders.h`: "
            "`build/orders_page > kernel/orders.md`. Numbers: `abi.h`.\n\n"
            "1. Order 0x%" PRIx64
            " is answered with the key's AKT; that of a segment key also has its"
            " size code in bits 8-11, and read-only page and segment keys have bit 12.\n"
            "2. An order that is not listed is answered with RC_BAD_ORDER.\n"
            "3. Then a change through a read-only node, page or domain key is answered with"
            " RC_READ_ONLY, and a string that is too short with RC_FORMAT.\n"
            "4. \"+ slot\" and the like: the number is added to the order. Numbers in strings are"
            " 64 bits.\n"
            "5. A void key, whose object was rescinded, is a data key.\n\n",
            (uint64_t)ORDER_TYPE);
    types_write(file);
    for (size_t i = 0; i < TYPE_COUNT; i++)
        if (!class_is_written(i))
            class_write(file, &types[i]);
}
