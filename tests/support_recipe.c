/* SPDX-License-Identifier: GPL-2.0-or-later */
/* support_recipe.c - images of changed recipes. Called by tests; calls the image builder. */
#include "tests/support_recipe.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "disks/make.h"
#include "emulator/base/input_file.h"

#define MARK "# tells time"

/* The text with one place changed; the old one is freed. */
static char *changed(char *text, const struct recipe_change *change)
{
    char *at = strstr(text, change->from);
    cr_assert(at, "the recipe does not say: %s", change->from);
    char *result = calloc(1, strlen(text) + strlen(change->to) + 1);
    (void)sprintf(result, "%.*s%s%s", (int)(at - text), text, change->to,
                  at + strlen(change->from));
    free(text);
    return result;
}

/* In place: what is put there is not longer. */
static void timeless_make(char *text)
{
    for (char *mark; (mark = strstr(text, MARK)) != NULL;) {
        static const char returner[] = "= returner";
        char *line = mark, *end = mark + strlen(MARK);
        while (line > text && line[-1] != '\n')
            line--;
        char *key = memchr(line, '=', (size_t)(mark - line));
        cr_assert(key, "no key tells time there: %.40s", line);
        memset(mark, ' ', (size_t)(end - mark));
        memset(key, ' ', (size_t)(mark - key));
        if (strncmp(line + strspn(line, " "), "meter", strlen("meter")) == 0)
            memset(line, ' ', (size_t)(key - line));
        else
            memcpy(key, returner, strlen(returner));
    }
}

void recipe_image(const char *name, const struct recipe_change *changes, bool timeless,
                  const char *path)
{
    struct error error;
    uint8_t *bytes;
    size_t size_bytes;
    char recipe_path[512];
    struct recipe *recipe = calloc(1, sizeof(*recipe));
    snprintf(recipe_path, sizeof(recipe_path), "%s/disks/recipes/%s.recipe", LATCHKEY_SOURCE_DIR,
             name);
    cr_assert(input_read(recipe_path, 1u << 16, &bytes, &size_bytes, &error), "%s", error.text);
    char *text = calloc(1, size_bytes + 1);
    cr_assert(recipe && text);
    memcpy(text, bytes, size_bytes);
    for (unsigned i = 0; changes && i < RECIPE_CHANGES_MAX && changes[i].from; i++)
        text = changed(text, &changes[i]);
    if (timeless)
        timeless_make(text);
    cr_assert(recipe_parse(recipe, name, text, &error), "%s", error.text);
    cr_assert(make_image(recipe, path, &error), "%s", error.text);
    free(text);
    free(bytes);
    free(recipe);
}
