/* SPDX-License-Identifier: GPL-2.0-or-later */
/* main.c - the console domain: reads lines from the console key and carries them out. Calls
 * parts/line for editing and commands.c. Keys: commands.h; timer, power, console. */
#include <stdio.h>

#include "disks/domains/console/commands.h"
#include "disks/domains/parts/line.h"
#include "disks/domains/rt/interface.h"
#include "disks/domains/rt/slots.h"

#define READ_BYTES 64u

static struct {
    struct line line;
    uint8_t bytes[READ_BYTES];
} console;

static void console_put(void *state, const char *bytes, size_t size_bytes)
{
    (void)state;
    fwrite(bytes, 1, size_bytes, stdout);
}

static void feed(size_t size_bytes)
{
    for (size_t i = 0; i < size_bytes; i++) {
        switch (line_feed(&console.line, console.bytes[i])) {
        case LINE_MORE:
            break;
        case LINE_DONE:
            command_run(console.line.text);
            line_begin(&console.line);
            break;
        case LINE_GIVEN_UP:
            line_begin(&console.line);
            break;
        }
    }
}

int domain_main(uint64_t argument_0, uint64_t argument_1)
{
    (void)argument_0;
    (void)argument_1;
    struct line_sink sink = {console_put, NULL};
    printf("console: type help\n");
    line_init(&console.line, "latchkey> ", sink);
    line_begin(&console.line);
    for (;;) {
        fflush(stdout);
        size_t size_bytes = sizeof(console.bytes);
        uint64_t code = console_read(SLOT_CONSOLE, console.bytes, &size_bytes);
        if (code == RC_OK)
            feed(size_bytes);
        else if (code == RC_RESTARTED)
            line_show(&console.line); /* the terminal may be another */
        else
            return 0; /* there is nothing to read from */
    }
}
