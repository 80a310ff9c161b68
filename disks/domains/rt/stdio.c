/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stdio.c - picolibc's stdout over the console key in SLOT_CONSOLE, a line at a time. */
#include <stdio.h>
#include <string.h>

#include "disks/domains/rt/key.h"
#include "disks/domains/rt/slots.h"

static struct {
    char line[256];
    size_t length;
} output;

static void output_flush(void)
{
    if (output.length > 0)
        (void)key_order_string(SLOT_CONSOLE, CONSOLE_WRITE, output.line, output.length, NULL, NULL);
    output.length = 0;
}

static int output_put(char character, FILE *file)
{
    (void)file;
    if (output.length + 2 > sizeof(output.line))
        output_flush();
    if (character == '\n')
        output.line[output.length++] = '\r';
    output.line[output.length++] = character;
    if (character == '\n')
        output_flush();
    return (unsigned char)character;
}

static int output_flush_file(FILE *file)
{
    (void)file;
    output_flush();
    return 0;
}

static FILE console = FDEV_SETUP_STREAM(output_put, NULL, output_flush_file, _FDEV_SETUP_WRITE);
FILE *const stdin = &console;
FILE *const stdout = &console;
FILE *const stderr = &console;
