/* SPDX-License-Identifier: GPL-2.0-or-later */
/* line.c - see line.h. Called by the console domain and by its test. */
#include "disks/domains/parts/line.h"

#include <stdlib.h>
#include <string.h>

#define CONTROL(letter) ((letter)&0x1f)
#define ESCAPE 0x1b
#define DELETE 0x7f

static void put(const struct line *line, const char *bytes, size_t size_bytes)
{
    if (size_bytes)
        line->sink.put(line->sink.state, bytes, size_bytes);
}

static void put_text(const struct line *line, const char *text)
{
    put(line, text, strlen(text));
}

static bool continues(char byte)
{
    return ((uint8_t)byte & 0xc0) == 0x80;
}

/* Characters, each one column wide on the terminal, in some bytes. */
static size_t columns(const char *bytes, size_t size_bytes)
{
    size_t count = 0;
    for (size_t i = 0; i < size_bytes; i++)
        count += !continues(bytes[i]);
    return count;
}

static void put_left(const struct line *line, size_t count)
{
    for (; count; count--)
        put(line, "\b", 1);
}

/* Where the character to the left of the cursor begins, and where the next one does. */
static size_t before(const struct line *line, size_t at)
{
    while (at > 0 && continues(line->text[--at]))
        continue;
    return at;
}

static size_t behind(const struct line *line, size_t at)
{
    if (at < line->length)
        at++;
    while (at < line->length && continues(line->text[at]))
        at++;
    return at;
}

static void cursor_set(struct line *line, size_t at)
{
    if (at < line->cursor)
        put_left(line, columns(line->text + at, line->cursor - at));
    else
        put(line, line->text + line->cursor, at - line->cursor);
    line->cursor = at;
}

/* The text from the cursor on has changed: show it, clear what may be left of the old one, come
 * back. */
static void show_rest(const struct line *line)
{
    size_t rest = line->length - line->cursor;
    put(line, line->text + line->cursor, rest);
    put_text(line, "\033[K");
    put_left(line, columns(line->text + line->cursor, rest));
}

/* Delete the bytes from here to the cursor (or from the cursor to there). */
static void delete_to(struct line *line, size_t at)
{
    size_t from = at < line->cursor ? at : line->cursor;
    size_t to = at < line->cursor ? line->cursor : at;
    if (from == to)
        return;
    cursor_set(line, from);
    memmove(line->text + from, line->text + to, line->length - to + 1);
    line->length -= to - from;
    show_rest(line);
}

static void insert(struct line *line, const char *bytes, size_t size_bytes)
{
    if (line->length + size_bytes > LINE_BYTES) {
        put(line, "\a", 1);
        return;
    }
    size_t rest = line->length - line->cursor;
    memmove(line->text + line->cursor + size_bytes, line->text + line->cursor, rest + 1);
    memcpy(line->text + line->cursor, bytes, size_bytes);
    line->length += size_bytes;
    cursor_set(line, line->cursor + size_bytes);
    if (rest)
        show_rest(line);
}

static size_t word_before(const struct line *line)
{
    size_t at = line->cursor;
    while (at > 0 && line->text[at - 1] == ' ')
        at--;
    while (at > 0 && line->text[at - 1] != ' ')
        at--;
    return at;
}

static void replace(struct line *line, const char *text)
{
    size_t size_bytes = strlen(text);
    cursor_set(line, 0);
    memcpy(line->text, text, size_bytes + 1);
    line->length = size_bytes;
    show_rest(line);
    cursor_set(line, line->length);
}

static void history_move(struct line *line, int step)
{
    if (step < 0 && line->history_at > 0)
        line->history_at--;
    else if (step > 0 && line->history_at < line->history_count)
        line->history_at++;
    else
        return;
    replace(line, line->history_at < line->history_count ? line->history[line->history_at] : "");
}

static void history_add(struct line *line)
{
    unsigned count = line->history_count;
    if (line->length == 0 || (count && strcmp(line->history[count - 1], line->text) == 0))
        return;
    char *copy = malloc(line->length + 1);
    if (!copy)
        return;
    memcpy(copy, line->text, line->length + 1);
    if (count == LINE_HISTORY) {
        free(line->history[0]);
        memmove(line->history, line->history + 1, (LINE_HISTORY - 1) * sizeof(line->history[0]));
        count--;
    }
    line->history[count] = copy;
    line->history_count = count + 1;
}

void line_init(struct line *line, const char *prompt, struct line_sink sink)
{
    *line = (struct line){.prompt = prompt, .sink = sink};
}

void line_finish(struct line *line)
{
    for (unsigned i = 0; i < line->history_count; i++)
        free(line->history[i]);
    line->history_count = 0;
}

void line_begin(struct line *line)
{
    line->length = line->cursor = 0;
    line->text[0] = '\0';
    line->escape_count = 0;
    line->history_at = line->history_count;
    put_text(line, line->prompt);
}

/* An escape sequence is complete: `last` ends it, `number` came before it. */
static void escape_key(struct line *line, uint8_t last, unsigned number)
{
    switch (last) {
    case 'A':
        history_move(line, -1);
        break;
    case 'B':
        history_move(line, 1);
        break;
    case 'C':
        cursor_set(line, behind(line, line->cursor));
        break;
    case 'D':
        cursor_set(line, before(line, line->cursor));
        break;
    case 'H':
        cursor_set(line, 0);
        break;
    case 'F':
        cursor_set(line, line->length);
        break;
    case '~':
        if (number == 1 || number == 7)
            cursor_set(line, 0);
        else if (number == 4 || number == 8)
            cursor_set(line, line->length);
        else if (number == 3)
            delete_to(line, behind(line, line->cursor));
        break;
    default:
        break;
    }
}

/* ESC, then '[' or 'O', parameters, and a letter or '~'. Anything else is dropped as a whole. */
static void escape_feed(struct line *line, uint8_t byte)
{
    if (byte == ESCAPE) {
        line->escape_count = 1;
        return;
    }
    if (line->escape_count == 1 && byte != '[' && byte != 'O') {
        line->escape_count = 0;
        return;
    }
    bool parameter = line->escape_count > 1 && byte < '@';
    if (line->escape_count == 1 || parameter) {
        if (line->escape_count < sizeof(line->escape))
            line->escape[line->escape_count++] = byte;
        return;
    }
    unsigned number = 0;
    for (unsigned i = 2; i < line->escape_count; i++) {
        if (line->escape[i] < '0' || line->escape[i] > '9')
            break;
        number = number * 10 + line->escape[i] - '0';
    }
    line->escape_count = 0;
    escape_key(line, byte, number);
}

/* Bytes of a character outside ASCII are kept until it is complete. */
static void character_feed(struct line *line, uint8_t byte)
{
    bool first = !continues((char)byte);
    if (first)
        line->escape_count = 0;
    if (first ? byte < 0xc2 || byte > 0xf4 : line->escape_count == 0)
        return;
    line->escape[line->escape_count++] = byte;
    unsigned wanted = 2u + (line->escape[0] >= 0xe0) + (line->escape[0] >= 0xf0);
    if (line->escape_count == wanted) {
        line->escape_count = 0;
        insert(line, (const char *)line->escape, wanted);
    }
}

static enum line_event finish(struct line *line, enum line_event event, const char *text)
{
    cursor_set(line, line->length);
    put_text(line, text);
    if (event == LINE_DONE)
        history_add(line);
    return event;
}

void line_show(struct line *line)
{
    size_t at = line->cursor;
    put_text(line, line->prompt);
    line->cursor = 0;
    cursor_set(line, line->length);
    cursor_set(line, at);
}

static void clear_screen(struct line *line)
{
    put_text(line, "\033[H\033[2J");
    line_show(line);
}

static void edit_key(struct line *line, uint8_t byte)
{
    switch (byte) {
    case CONTROL('H'):
    case DELETE:
        delete_to(line, before(line, line->cursor));
        break;
    case CONTROL('D'):
        delete_to(line, behind(line, line->cursor));
        break;
    case CONTROL('U'):
        delete_to(line, 0);
        break;
    case CONTROL('K'):
        delete_to(line, line->length);
        break;
    case CONTROL('W'):
        delete_to(line, word_before(line));
        break;
    case CONTROL('L'):
        clear_screen(line);
        break;
    default:
        break;
    }
}

static void move_key(struct line *line, uint8_t byte)
{
    static const char keys[] = "ABEFNP", meanings[] = "HDFCBA";
    for (unsigned i = 0; keys[i]; i++)
        if (byte == CONTROL(keys[i]))
            escape_key(line, (uint8_t)meanings[i], 0);
}

enum line_event line_feed(struct line *line, uint8_t byte)
{
    bool after_return = line->after_return;
    line->after_return = byte == '\r';
    if (byte == '\n' && after_return)
        return LINE_MORE;
    if (byte >= 0x80 && (line->escape_count == 0 || line->escape[0] != ESCAPE)) {
        character_feed(line, byte);
        return LINE_MORE;
    }
    if (line->escape_count && line->escape[0] != ESCAPE)
        line->escape_count = 0; /* the character was cut short */
    if (line->escape_count || byte == ESCAPE) {
        line->escape[0] = ESCAPE;
        escape_feed(line, byte);
        return LINE_MORE;
    }
    if (byte == '\r' || byte == '\n')
        return finish(line, LINE_DONE, "\r\n");
    if (byte == CONTROL('C'))
        return finish(line, LINE_GIVEN_UP, "^C\r\n");
    if (byte >= ' ' && byte != DELETE) {
        char character = (char)byte;
        insert(line, &character, 1);
        return LINE_MORE;
    }
    edit_key(line, byte);
    move_key(line, byte);
    return LINE_MORE;
}
