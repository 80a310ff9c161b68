/* SPDX-License-Identifier: GPL-2.0-or-later */
/* main.c - the shell: a person at the console names keys, lists them and sends messages through
 * them. Calls parts/line for editing, commands.c for what a line says.
 *
 * Argument 0: 1 runs at once; 0 waits to be called (any order but ORDER_TYPE), and answers when it
 * is told to exit. Argument 1: size of the text with the names of the first keys, which is mapped
 * at LAYOUT_NAMES. Keys: enum shell_slot; console. After a first exit or when there is nothing to
 * read from, it waits to be called.
 */
#include <stdio.h>

#include "disks/domains/parts/line.h"
#include "disks/domains/rt/interface.h"
#include "disks/domains/rt/layout.h"
#include "disks/domains/rt/slots.h"
#include "disks/domains/shell/commands.h"
#include "disks/domains/shell/shelf.h"

#define READ_BYTES 64u

static struct {
    struct line line;
    uint8_t bytes[READ_BYTES];
    size_t count, at; /* of the bytes that were read, and used */
} shell;

static void console_put(void *state, const char *bytes, size_t size_bytes)
{
    (void)state;
    fwrite(bytes, 1, size_bytes, stdout);
}

/* More bytes from the console. false: there is nothing to read from. */
static bool console_more(void)
{
    fflush(stdout);
    for (;;) {
        shell.count = sizeof(shell.bytes);
        shell.at = 0;
        uint64_t code = console_read(SLOT_CONSOLE, shell.bytes, &shell.count);
        if (code == RC_OK)
            return true;
        if (code != RC_RESTARTED)
            return false;
    }
}

/* Lines, until one of them ends it. */
static void session(void)
{
    line_begin(&shell.line);
    for (;;) {
        if (shell.at == shell.count && !console_more())
            return;
        enum line_event event = line_feed(&shell.line, shell.bytes[shell.at++]);
        if (event == LINE_MORE)
            continue;
        if (event == LINE_DONE && !command_run(shell.line.text))
            return;
        line_begin(&shell.line);
    }
}

int domain_main(uint64_t at_once, uint64_t names_bytes)
{
    struct line_sink sink = {console_put, NULL};
    struct message message = MESSAGE(RC_OK);
    shelf_begin((const char *)LAYOUT_NAMES, names_bytes);
    line_init(&shell.line, "shell> ", sink);
    for (;;) {
        if (at_once) {
            printf("shell: type help\n");
            session();
            fflush(stdout);
        }
        at_once = serve_next(&message, at_once ? RC_OK : TYPE_SHELL, NULL, 0) != ORDER_TYPE;
    }
}
