/* SPDX-License-Identifier: GPL-2.0-or-later */
/* run.c - chooses between window and console. Called by main.c. */
#include "frontend/run.h"

#include <stdio.h>
#include <stdlib.h>

#include "frontend/headless.h"
#include "frontend/window_run.h"

static bool display_there(void)
{
    const char *x11 = getenv("DISPLAY"), *wayland = getenv("WAYLAND_DISPLAY");
    return (x11 && *x11) || (wayland && *wayland);
}

int run_command(int argc, char **argv)
{
    struct options options;
    struct error error;
    if (!options_parse(&options, argc, argv, &error)) {
        fprintf(stderr, "latchkey: %s\n", error.text);
        return error_exit_status(&error);
    }
    if (options.headless)
        return headless_run(&options);
    if (!display_there()) {
        fputs("latchkey: display: none, running headless\n", stderr);
        return headless_run(&options);
    }
    return window_run(&options);
}
