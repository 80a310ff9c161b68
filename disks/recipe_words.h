/* SPDX-License-Identifier: GPL-2.0-or-later */
/* recipe_words.h - the words of a recipe, line by line, and the parsing of one key.
 *
 * Private to recipe.c and recipe_words.c. Every function that fails has set an error with
 * FILE:LINE:COLUMN; the column is that of the next word, so what is wrong is not yet taken. */
#ifndef LATCHKEY_DISKS_RECIPE_WORDS_H
#define LATCHKEY_DISKS_RECIPE_WORDS_H

#include "disks/recipe.h"

#define WORDS_LINE_BYTES 1024u
#define WORDS_MAX 32u

struct words {
    const char *path;
    const char *text; /* what is left after the present line */
    unsigned line;
    char bytes[WORDS_LINE_BYTES]; /* the line, cut into words by NULs */
    uint16_t start[WORDS_MAX]; /* of each word in bytes */
    unsigned count, at;
    const char *too_long; /* NULL, or what the line is too long for: reading has ended */
};

/* words_begin - start reading. words_next_line - the next line with a word; false: the end. */
void words_begin(struct words *words, const char *path, const char *text);
bool words_next_line(struct words *words);
/* words_next_in_block - the next line, unless it is the closing '}' or the end of the text. */
bool words_next_in_block(struct words *words);
/* words_open, words_close - the '{' that ends this line; the '}' that is this line. */
MUST_CHECK bool words_open(struct words *words, struct error *error);
MUST_CHECK bool words_close(struct words *words, struct error *error);
/* words_end - no word is left on the line. words_peek - the next word, "" at the end. */
bool words_end(const struct words *words);
const char *words_peek(const struct words *words);
/* words_place - of the next word; at the end, where one would be. */
struct recipe_place words_place(const struct words *words);
/* words_accept - take the next word if it is this one. */
bool words_accept(struct words *words, const char *word);
/* words_name, words_path, words_number - take one; sizes' suffixes K, M, G are known; most is
 * inclusive. */
MUST_CHECK bool words_name(struct words *words, char name[RECIPE_NAME_BYTES],
                           struct error *error);
MUST_CHECK bool words_path(struct words *words, char path[RECIPE_PATH_BYTES],
                           struct error *error);
MUST_CHECK bool words_number(struct words *words, uint64_t *number, uint64_t most,
                             struct error *error);
/* words_finish - the line must end here. */
MUST_CHECK bool words_finish(struct words *words, struct error *error);
/* words_fail - ERROR_FORMAT "PATH:LINE:COLUMN: ...". Returns false. */
bool words_fail(const struct words *words, struct error *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* recipe_parse_key - a KEY to the end of the line (recipe.h). */
MUST_CHECK bool recipe_parse_key(struct words *words, struct recipe_key *key,
                                 struct error *error);

#endif
