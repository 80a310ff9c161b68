/* SPDX-License-Identifier: GPL-2.0-or-later */
/* timing.c - the table of timing.h as data, and the models' names. Called by whoever names a model
 * or prints the table; calls nobody. */
#include "emulator/timing.h"

#include <assert.h>
#include <string.h>

#define PIPELINE(name, value, unit, what, source)                                                  \
    {#name, (value), unit, what, source, TIMING_INORDER},
#define MEMORY(name, value, unit, what, source) {#name, (value), unit, what, source, TIMING_CACHE},
static const struct timing_row rows[] = {TIMING_TABLE_PIPELINE(PIPELINE)
                                             TIMING_TABLE_MEMORY(MEMORY)};
#undef PIPELINE
#undef MEMORY

static const char *const names[TIMING_MODEL_COUNT] = {
    [TIMING_INSN] = "insn", [TIMING_INORDER] = "inorder", [TIMING_CACHE] = "cache"};

const struct timing_row *timing_rows(size_t *count)
{
    assert(count);
    *count = sizeof(rows) / sizeof(rows[0]);
    return rows;
}

const char *timing_name(enum timing_model model)
{
    assert(model < TIMING_MODEL_COUNT);
    return names[model];
}

bool timing_find(const char *name, enum timing_model *model)
{
    assert(name);
    for (unsigned i = 0; i < TIMING_MODEL_COUNT; i++)
        if (strcmp(name, names[i]) == 0) {
            *model = (enum timing_model)i;
            return true;
        }
    return false;
}
