/* SPDX-License-Identifier: GPL-2.0-or-later */
/* arguments.c - cuts a typed line into words. Called by the shell. */
#include "disks/domains/parts/arguments.h"

#include <string.h>

#define KT 0x80000000ull /* kernel/abi.h */

static int digit_value(char digit, unsigned base)
{
    int value = -1;
    if (digit >= '0' && digit <= '9')
        value = digit - '0';
    else if (digit >= 'a' && digit <= 'f')
        value = digit - 'a' + 10;
    else if (digit >= 'A' && digit <= 'F')
        value = digit - 'A' + 10;
    return value < (int)base ? value : -1;
}

/* The byte that an escape stands for; *text moves behind it. -1: there is no such escape. */
static int escape_read(char **text)
{
    static const char names[] = "nt\\\"", bytes[] = "\n\t\\\"";
    const char *at = **text ? strchr(names, **text) : NULL;
    if (at) {
        ++*text;
        return bytes[at - names];
    }
    if (**text != 'x')
        return -1;
    int high = digit_value((*text)[1], 16);
    int low = high < 0 ? -1 : digit_value((*text)[2], 16);
    *text += low < 0 ? 0 : 3;
    return low < 0 ? -1 : high * 16 + low;
}

/* A quoted word, from behind its first quote. */
static const char *quoted_read(struct argument *word, char **text)
{
    char *target = word->bytes = *text;
    while (**text != '"') {
        int byte = (unsigned char)*(*text)++;
        if (byte == '\0')
            return "a quote is not closed";
        if (byte == '\\')
            byte = escape_read(text);
        if (byte < 0)
            return "after \\ comes n, t, \\, \" or x and two digits";
        *target++ = (char)byte;
    }
    ++*text;
    word->size_bytes = (size_t)(target - word->bytes);
    word->quoted = true;
    if (**text != ' ' && **text != '\0')
        return "after a quoted word comes a space";
    *target = '\0';
    return NULL;
}

const char *arguments_split(struct arguments *arguments, char *line)
{
    arguments->count = 0;
    for (;;) {
        line += strspn(line, " ");
        if (*line == '\0')
            return NULL;
        if (arguments->count == ARGUMENTS_MAX)
            return "too many words";
        struct argument *word = &arguments->words[arguments->count++];
        if (*line == '"') {
            line++;
            const char *wrong = quoted_read(word, &line);
            if (wrong)
                return wrong;
        } else {
            *word = (struct argument){.bytes = line, .size_bytes = strcspn(line, " ")};
            line += word->size_bytes;
        }
        if (*line == ' ') {
            if (!word->quoted)
                *line = '\0';
            line++;
        }
    }
}

static bool digits_read(const char *text, uint64_t *number)
{
    unsigned base = 10;
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        base = 16;
        text += 2;
    }
    *number = 0;
    for (const char *at = text; *at; at++) {
        int value = digit_value(*at, base);
        if (value < 0 || *number > (UINT64_MAX - (uint64_t)value) / base)
            return false;
        *number = *number * base + (uint64_t)value;
    }
    return *text != '\0';
}

bool argument_number(const struct argument *argument, uint64_t *number)
{
    const char *text = argument->bytes;
    uint64_t base = 0;
    *number = UINT64_MAX;
    if (argument->quoted)
        return false;
    if (text[0] == '-') { /* in two's complement */
        bool good = digits_read(text + 1, number) && *number <= 1ull << 63;
        *number = -*number;
        return good;
    }
    if (strncmp(text, "KT", 2) == 0) {
        base = *number = KT;
        if (text[2] == '\0')
            return true;
        if (text[2] != '+')
            return false;
        text += 3;
    }
    if (!digits_read(text, number))
        return false;
    *number += base;
    return *number >= base;
}

bool argument_hex(struct argument *argument)
{
    size_t count = argument->size_bytes / 2;
    if (argument->quoted || argument->size_bytes % 2)
        return false;
    for (size_t i = 0; i < 2 * count; i++)
        if (digit_value(argument->bytes[i], 16) < 0)
            return false;
    for (size_t i = 0; i < count; i++)
        argument->bytes[i] = (char)(digit_value(argument->bytes[2 * i], 16) * 16 +
                                    digit_value(argument->bytes[2 * i + 1], 16));
    argument->size_bytes = count;
    return true;
}
