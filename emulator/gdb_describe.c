/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gdb_describe.c - what gdb is told about the target, as XML. Called by gdb_command.c; calls the
 * ops.
 *
 * Source: Debugging with GDB, appendices "Target Descriptions" and "Memory Map Format".
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/memory.h"
#include "emulator/base/text.h"
#include "emulator/gdb_state.h"

/* What the f registers hold is one of two. */
#define FLOAT_UNION                                                                                \
    "<union id=\"riscv_double\"><field name=\"float\" type=\"ieee_single\"/>"                      \
    "<field name=\"double\" type=\"ieee_double\"/></union>\n"

static void registers_describe(const struct gdb_ops *ops, struct byte_writer *text)
{
    const char *feature = "";
    text_add(text, "<?xml version=\"1.0\"?>\n<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n"
                   "<target><architecture>riscv:rv64</architecture>\n");
    for (size_t i = 0; i < ops->register_count; i++) {
        const struct gdb_register *one = &ops->registers[i];
        if (strcmp(one->feature, feature) != 0) {
            text_add(text, "%s<feature name=\"%s\">\n", *feature ? "</feature>\n" : "",
                     one->feature);
            feature = one->feature;
            if (strstr(feature, ".fpu"))
                text_add(text, FLOAT_UNION);
        }
        text_add(text, "<reg name=\"%s\" bitsize=\"%u\" regnum=\"%u\"", one->name, one->bits,
                 one->number);
        if (one->type)
            text_add(text, " type=\"%s\"", one->type);
        if (one->group)
            text_add(text, " group=\"%s\"", one->group);
        text_add(text, "/>\n");
    }
    text_add(text, "%s</target>\n", *feature ? "</feature>\n" : "");
}

static void memory_describe(struct gdb *gdb, struct byte_writer *text)
{
    struct gdb_region regions[GDB_REGIONS_MAX];
    size_t count = gdb->ops->regions(gdb->context, regions, GDB_REGIONS_MAX);
    assert(count <= GDB_REGIONS_MAX);
    text_add(text, "<?xml version=\"1.0\"?>\n<!DOCTYPE memory-map PUBLIC "
                   "\"+//IDN gnu.org//DTD GDB Memory Map V1.0//EN\" "
                   "\"http://sourceware.org/gdb/gdb-memory-map.dtd\">\n<memory-map>\n");
    for (size_t i = 0; i < count; i++)
        text_add(text, "<memory type=\"ram\" start=\"0x%llx\" length=\"0x%llx\"/>\n",
                 (unsigned long long)regions[i].addr, (unsigned long long)regions[i].size_bytes);
    text_add(text, "</memory-map>\n");
}

struct gdb_thread *gdb_threads(struct gdb *gdb, size_t *count)
{
    struct gdb_thread *threads = memory_zeroed(GDB_THREADS_MAX, sizeof(*threads));
    *count = gdb->ops->threads(gdb->context, threads, GDB_THREADS_MAX);
    assert(*count <= GDB_THREADS_MAX);
    return threads;
}

static void threads_describe(struct gdb *gdb, struct byte_writer *text)
{
    size_t count;
    struct gdb_thread *threads = gdb_threads(gdb, &count);
    text_add(text, "<?xml version=\"1.0\"?>\n<threads>\n");
    for (size_t i = 0; i < count; i++) {
        text_add(text, "<thread id=\"%llx\" core=\"0\" name=\"",
                 (unsigned long long)threads[i].id);
        text_escape(text, threads[i].name);
        text_add(text, "\"/>\n");
    }
    text_add(text, "</threads>\n");
    free(threads);
}

bool gdb_describe(struct gdb *gdb, const char *object, const char *annex,
                  struct byte_writer *text)
{
    if (strcmp(object, "features") == 0 && strcmp(annex, "target.xml") == 0)
        registers_describe(gdb->ops, text);
    else if (strcmp(object, "memory-map") == 0 && *annex == '\0')
        memory_describe(gdb, text);
    else if (strcmp(object, "threads") == 0 && *annex == '\0')
        threads_describe(gdb, text);
    else
        return false;
    return true;
}
