/* SPDX-License-Identifier: GPL-2.0-or-later */
/* line.h - a line of text being typed at a terminal: editing keys, history, UTF-8.
 *
 * Fed with the bytes that come from the terminal, it answers with the bytes that keep the
 * terminal's line as it should be. Used by the console domain; needs nothing but memory and malloc.
 *
 * Invariants
 *  1. The text is valid UTF-8 whenever the bytes fed were; the cursor never stands inside a
 * character.
 *  2. No bytes fed, in any order, write outside the structure.
 *
 *   backspace, ^H   delete to the left       ^U   delete everything to the left
 *   delete, ^D      delete under the cursor  ^W   delete the word to the left
 *   left, ^B  right, ^F                      ^K   delete everything to the right
 *   home, ^A  end, ^E                        ^L   clear the screen
 *   up, ^P    down, ^N  earlier lines        ^C   give the line up
 */
#ifndef LATCHKEY_DOMAINS_LINE_H
#define LATCHKEY_DOMAINS_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINE_BYTES 240u /* what fits on three lines of a terminal; more is not accepted */
#define LINE_HISTORY 16u

enum line_event {
    LINE_MORE, /* the line is not finished */
    LINE_DONE, /* text and length are the line, until line_begin() */
    LINE_GIVEN_UP
};

struct line_sink {
    void (*put)(void *state, const char *bytes, size_t size_bytes);
    void *state;
};

struct line {
    char text[LINE_BYTES + 1]; /* NUL-terminated */
    size_t length, cursor;     /* bytes */
    const char *prompt;
    struct line_sink sink;
    uint8_t escape[8]; /* an escape sequence or a character that is not complete */
    unsigned escape_count;
    char *history[LINE_HISTORY]; /* newest last, malloc; a line that found no memory is left out */
    unsigned history_count, history_at;
    bool after_return; /* a line feed that follows belongs to it */
};

/* line_init - an empty line without history; prompt and sink must last. line_begin() shows the
 * prompt. */
void line_init(struct line *line, const char *prompt, struct line_sink sink);
void line_finish(struct line *line);
/* line_begin - start a new line: shows the prompt. */
void line_begin(struct line *line);
/* line_show - the prompt, the text so far and the cursor again, where the terminal's cursor is now:
 * at the beginning of a line. */
void line_show(struct line *line);
/* line_feed - one byte from the terminal. After LINE_DONE and LINE_GIVEN_UP the terminal's cursor
 * is at the beginning of the next line, and line_begin() comes next. */
enum line_event line_feed(struct line *line, uint8_t byte);

#endif
