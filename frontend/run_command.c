/* SPDX-License-Identifier: GPL-2.0-or-later */
/* run_command.c - decides between window and console. Called by main.c; calls window_run.c and
 * headless.c.
 */
#include "frontend/run_command.h"

#include <stdio.h>
#include <unistd.h>

#include "emulator/options.h"
#include "frontend/failure.h"
#include "frontend/headless.h"
#include "frontend/window_run.h"

int run_command(int argc, char **argv)
{
    struct options options;
    struct error error;
    int status;
    if (!options_parse(&options, argc, argv, &error))
        return failure_tell(&error);
    if (options.headless)
        return headless_run(&options);
    if (!window_display())
        (void)error_set(&error, ERROR_UNSUPPORTED, "display: none is set");
    else if (window_run(&options, NULL, &status, &error))
        return status;
    fprintf(stderr, "latchkey: %s; the console is here instead%s\n", error.text,
            isatty(STDIN_FILENO) ? ", Ctrl-A x ends" : "");
    return headless_run(&options);
}
