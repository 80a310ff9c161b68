/* SPDX-License-Identifier: GPL-2.0-or-later */
/* support_recipe.h - images of the tree's recipes with a few words changed, for tests that want
 * them longer, shorter or otherwise. */
#ifndef LATCHKEY_TESTS_SUPPORT_RECIPE_H
#define LATCHKEY_TESTS_SUPPORT_RECIPE_H

#include <stdbool.h>

#define RECIPE_CHANGES_MAX 8u

struct recipe_change {
    const char *from, *to; /* the first place where the recipe says so; there must be one */
};

/* recipe_image - make the image of a recipe in disks/recipes; the test fails if that cannot be
 * done.
 *
 * name      of the recipe's file, without .recipe.
 * changes   up to RECIPE_CHANGES_MAX, done in order; the first without from ends them. NULL: none.
 * timeless  lines that end with "# tells time" give a returner instead of what they give, and a
 *           meter that does is left out.
 */
void recipe_image(const char *name, const struct recipe_change *changes, bool timeless,
                  const char *path);

#endif
