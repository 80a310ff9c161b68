/* SPDX-License-Identifier: GPL-2.0-or-later */
/* disk_command.c - `latchkey disk make|info|check|digest`. Called by main.c; calls disks/. */
#include "frontend/disk_command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "disks/make.h"

static int report(const struct error *error)
{
    fprintf(stderr, "latchkey: %s\n", error->text);
    return error_exit_status(error);
}

static int usage(void)
{
    fputs("latchkey: disk: expected make RECIPE -o IMG, info IMG, check IMG or digest IMG\n",
          stderr);
    return 2;
}

static int disk_make(int argc, char **argv)
{
    const char *recipe_path = NULL, *image_path = NULL;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-o") == 0 && i + 1 < argc)
            image_path = argv[++i];
        else if (argv[i][0] != '-' && !recipe_path)
            recipe_path = argv[i];
        else
            return usage();
    }
    if (!recipe_path || !image_path)
        return usage();
    struct error error;
    struct recipe *recipe = malloc(sizeof(*recipe));
    if (!recipe)
        abort();
    bool good = recipe_read(recipe, recipe_path, &error) &&
                make_image(recipe, image_path, &error);
    free(recipe);
    return good ? 0 : report(&error);
}

int disk_command(int argc, char **argv)
{
    if (argc < 1)
        return usage();
    if (strcmp(argv[0], "make") == 0)
        return disk_make(argc, argv);
    return usage();
}
