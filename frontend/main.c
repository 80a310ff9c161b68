/* SPDX-License-Identifier: GPL-2.0-or-later */
/* main.c - the program: one subcommand a word. The only file that decides exit statuses and prints errors. */
#include <stdio.h>
#include <string.h>

#include "frontend/disk_command.h"

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "disk") == 0)
        return disk_command(argc - 2, argv + 2);
    fputs("latchkey: usage: latchkey disk ...\n", stderr);
    return 2;
}
