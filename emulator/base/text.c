/* SPDX-License-Identifier: GPL-2.0-or-later */
/* text.c - see text.h. */
#include "emulator/base/text.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/memory.h"

void text_add(struct byte_writer *text, const char *format, ...)
{
    char *piece;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&piece, format, arguments);
    va_end(arguments);
    assert(length >= 0);
    write_bytes(text, memory_must(piece), (size_t)length);
    free(piece);
}

/* How many bytes the character at source has that text may hold (XML 1.0, 2.2); 0: it is none. */
static size_t character_bytes(const unsigned char *source)
{
    static const uint32_t min[] = {0, 0, 0x80, 0x800, 0x10000};
    if (*source < 0x80)
        return *source >= 0x20 ? *source != 0x7f : *source == '\n' || *source == '\t';
    size_t count = *source >= 0xf0 ? 4 : *source >= 0xe0 ? 3 : 2;
    if (*source < 0xc0 || *source >= 0xf8)
        return 0;
    uint32_t character = *source & (0x7fu >> count);
    for (size_t i = 1; i < count; i++) {
        if ((source[i] & 0xc0) != 0x80) /* the NUL at the end, too */
            return 0;
        character = character << 6 | (source[i] & 0x3f);
    }
    bool allowed = character >= min[count] && character <= 0x10ffff && character >= 0xa0 &&
                   (character < 0xd800 || character > 0xdfff) && character != 0xfffe &&
                   character != 0xffff;
    return allowed ? count : 0;
}

static const char *entity(char character)
{
    switch (character) {
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '&':
        return "&amp;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

static void characters_add(struct byte_writer *text, const char *source, bool escape)
{
    while (*source) {
        size_t count = character_bytes((const unsigned char *)source);
        const char *instead = count == 0 ? "?" : escape ? entity(*source) : NULL;
        if (instead)
            write_bytes(text, instead, strlen(instead));
        else
            write_bytes(text, source, count);
        source += count ? count : 1;
    }
}

void text_clean(struct byte_writer *text, const char *source)
{
    characters_add(text, source, false);
}

void text_escape(struct byte_writer *text, const char *source)
{
    characters_add(text, source, true);
}

bool text_number(const char *source, uint64_t *number)
{
    char *end;
    errno = 0;
    if (!isdigit((unsigned char)source[0]))
        return false;
    bool hexadecimal = source[0] == '0' && (source[1] == 'x' || source[1] == 'X');
    *number = strtoull(source, &end, hexadecimal ? 16 : 10);
    return errno == 0 && *end == '\0';
}
