/* SPDX-License-Identifier: GPL-2.0-or-later */
/* support_folder.c - see support_folder.h. Called by tests of campaigns. */
#include "tests/support_folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COMMAND_BYTES 4000u

char *folder_make(const char *name)
{
    char *path = command_file(name), *folder = strdup(strrchr(path, '/') + 1);
    free(path);
    return folder;
}

struct command_result *folder_run(const char *format, const char *folder)
{
    char command[COMMAND_BYTES];
    (void)snprintf(command, sizeof(command), format, folder);
    return command_run(command);
}

void folder_status(int status, const char *format, const char *folder)
{
    struct command_result *result = folder_run(format, folder);
    if (result->status != status) {
        fprintf(stderr, "%s: status %d: %s%s\n", format, result->status, result->output,
                result->errors);
        abort();
    }
    free(result);
}

void folder_end(char *folder)
{
    folder_status(0, "rm -rf %1$s", folder);
    free(folder);
}
