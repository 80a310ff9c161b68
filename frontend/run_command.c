/* SPDX-License-Identifier: GPL-2.0-or-later */
/* run_command.c - decides between window and console. Called by main.c; calls window_run.c and
 * headless.c.
 */
#include "frontend/run_command.h"

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
        return headless_run(&options, NULL);
    if (!window_display())
        (void)error_set(&error, ERROR_UNSUPPORTED, "display: none is set");
    else if (window_run(&options, NULL, &status, &error))
        return status;
    return headless_run(&options, error.text);
}
