/* SPDX-License-Identifier: GPL-2.0-or-later */
/* arguments.h - a typed line as words. Used by the shell.
 *
 * Words stand between spaces. A word in double quotes may hold spaces, and \n \t \\ \" \xNN for
 * bytes. All words lie in the line itself, which is changed.
 */
#ifndef LATCHKEY_DOMAINS_ARGUMENTS_H
#define LATCHKEY_DOMAINS_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARGUMENTS_MAX 40u

struct argument {
    char *bytes; /* NUL-terminated; a quoted word may hold NULs before its end */
    size_t size_bytes;
    bool quoted;
};

struct arguments {
    struct argument words[ARGUMENTS_MAX];
    unsigned count;
};

/* arguments_split - cut a line into words. Returns NULL, or what is wrong with the line. */
const char *arguments_split(struct arguments *arguments, char *line);
/* argument_number - a number in decimal or 0x form, or less than 0 in two's complement; "KT" is one
 * too, and "KT+n". false: the word is none. */
bool argument_number(const struct argument *argument, uint64_t *number);
/* argument_hex - a word of hexadecimal digits, two a byte, as bytes in its own place. false: it is
 * none. */
bool argument_hex(struct argument *argument);

#endif
