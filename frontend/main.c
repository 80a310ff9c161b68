/* SPDX-License-Identifier: GPL-2.0-or-later */
/* main.c - the program: one subcommand a word. Exit statuses: 0 ended as asked, 1 the guest or a check failed,
 * 2 usage, 3 environment, 124 limit. */
#include <stdio.h>
#include <string.h>

#include "emulator/options.h"
#include "frontend/disk_command.h"
#include "frontend/run.h"

#define VERSION_TEXT "latchkey 0.1\n"

static const char help_text[] =
    "latchkey run [IMG...] [options]    boot a machine (latchkey help run)\n"
    "latchkey disk make RECIPE -o IMG   make an image; also disk info, check, digest IMG\n"
    "latchkey help [COMMAND]            this text, or a command's options\n"
    "latchkey version\n";

static int help(int argc, char **argv)
{
    if (argc > 0 && strcmp(argv[0], "run") == 0)
        fputs(options_help(), stdout);
    else
        fputs(help_text, stdout);
    return 0;
}

static int later(const char *command)
{
    fprintf(stderr, "latchkey: %s: not in this version\n", command);
    return 3;
}

int main(int argc, char **argv)
{
    const char *command = argc > 1 ? argv[1] : "help";
    int rest = argc > 1 ? argc - 2 : 0;
    if (strcmp(command, "run") == 0)
        return run_command(rest, argv + 2);
    if (strcmp(command, "disk") == 0)
        return disk_command(rest, argv + 2);
    if (strcmp(command, "help") == 0 || strcmp(command, "--help") == 0)
        return help(rest, argv + 2);
    if (strcmp(command, "version") == 0 || strcmp(command, "--version") == 0) {
        fputs(VERSION_TEXT, stdout);
        return 0;
    }
    if (strcmp(command, "replay") == 0 || strcmp(command, "campaign") == 0 ||
        strcmp(command, "profile") == 0)
        return later(command);
    fprintf(stderr, "latchkey: %.60s: unknown command; see latchkey help\n", command);
    return 2;
}
