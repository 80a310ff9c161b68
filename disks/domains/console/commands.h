/* SPDX-License-Identifier: GPL-2.0-or-later */
/* commands.h - what the console domain can be told, and the slots of the keys that it uses. */
#ifndef LATCHKEY_DOMAINS_CONSOLE_COMMANDS_H
#define LATCHKEY_DOMAINS_CONSOLE_COMMANDS_H

#include <stdint.h>

/* Recipes give these keys; commands whose key is missing say so. */
enum console_slot {
    SLOT_PONG = 0,
    SLOT_COUNTER = 1,
    SLOT_SCREEN = 2,
    SLOT_FAULTY = 3,
    SLOT_KEEPER = 4,
    SLOT_SHELL = 5
};

/* command_run - carry out one line as it was typed. The line is changed: words are cut out of it.
 */
void command_run(char *line);

#endif
