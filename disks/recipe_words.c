/* SPDX-License-Identifier: GPL-2.0-or-later */
/* recipe_words.c - cutting recipe lines into words, numbers and keys. Called by recipe.c only. */
#include "disks/recipe_words.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/abi.h"

void words_begin(struct words *words, const char *path, const char *text)
{
    *words = (struct words){.path = path, .text = text};
}

bool words_fail(const struct words *words, struct error *error, const char *format, ...)
{
    char text[ERROR_TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    struct recipe_place place = words_place(words);
    return error_set(error, ERROR_FORMAT, "%s:%u:%u: %s", words->path, place.line, place.column,
                     text);
}

struct recipe_place words_place(const struct words *words)
{
    size_t offset = 0;
    if (!words_end(words)) {
        offset = words->start[words->at];
    } else if (words->count) {
        offset = words->start[words->count - 1];
        offset += strlen(words->bytes + offset);
    }
    return (struct recipe_place){words->line ? words->line : 1, (unsigned)offset + 1};
}

/* Copy one line without its comment and cut it; the text moves past it. */
static void line_take(struct words *words)
{
    const char *end = strchr(words->text, '\n');
    size_t length = end ? (size_t)(end - words->text) : strlen(words->text);
    const char *comment = memchr(words->text, '#', length);
    size_t used = comment ? (size_t)(comment - words->text) : length;
    words->count = words->at = 0;
    words->line++;
    if (used >= WORDS_LINE_BYTES) {
        words->too_long = "the line has more than 1023 bytes; cut it in two";
        return;
    }
    memcpy(words->bytes, words->text, used);
    words->bytes[used] = '\0';
    words->text += end ? length + 1 : length;
    char *rest = words->bytes, *word;
    while ((word = strtok_r(rest, " \t\r", &rest)) != NULL) {
        if (words->count == WORDS_MAX) {
            words->too_long = "the line has more than 32 words";
            return;
        }
        words->start[words->count++] = (uint16_t)(word - words->bytes);
    }
}

bool words_next_line(struct words *words)
{
    while (!words->too_long && *words->text != '\0') {
        line_take(words);
        if (words->too_long)
            return false;
        if (words->count > 0)
            return true;
    }
    return false;
}

bool words_next_in_block(struct words *words)
{
    if (!words_next_line(words))
        return false;
    return !(words->count == 1 && strcmp(words->bytes + words->start[0], "}") == 0);
}

bool words_end(const struct words *words)
{
    return words->at == words->count;
}

const char *words_peek(const struct words *words)
{
    return words_end(words) ? "" : words->bytes + words->start[words->at];
}

bool words_accept(struct words *words, const char *word)
{
    if (strcmp(words_peek(words), word) != 0)
        return false;
    words->at++;
    return true;
}

bool words_finish(struct words *words, struct error *error)
{
    if (words_end(words))
        return true;
    return words_fail(words, error, "'%s' is too much on this line", words_peek(words));
}

bool words_open(struct words *words, struct error *error)
{
    if (!words_accept(words, "{"))
        return words_fail(words, error, "expected '{' at the end of the line");
    return words_finish(words, error);
}

bool words_close(struct words *words, struct error *error)
{
    if (words->count == 1 && strcmp(words->bytes + words->start[0], "}") == 0)
        return true;
    if (words->too_long)
        return words_fail(words, error, "%s", words->too_long);
    return words_fail(words, error, "the text ends and a '}' is missing");
}

bool words_name(struct words *words, char name[RECIPE_NAME_BYTES], struct error *error)
{
    const char *word = words_peek(words);
    size_t length = strlen(word);
    if (length == 0)
        return words_fail(words, error, "a name is missing");
    if (length >= RECIPE_NAME_BYTES)
        return words_fail(words, error, "'%s': a name has at most %u letters", word,
                          RECIPE_NAME_BYTES - 1);
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)word[i]) && word[i] != '_' && word[i] != '-')
            return words_fail(words, error, "'%s' is not a name; use letters, digits, '_' and '-'",
                              word);
    memcpy(name, word, length + 1);
    words->at++;
    return true;
}

bool words_path(struct words *words, char path[RECIPE_PATH_BYTES], struct error *error)
{
    const char *word = words_peek(words);
    size_t length = strlen(word);
    if (length == 0)
        return words_fail(words, error, "a path is missing");
    if (length >= RECIPE_PATH_BYTES)
        return words_fail(words, error, "the path is too long");
    memcpy(path, word, length + 1);
    words->at++;
    return true;
}

/* The factor of a size suffix; 0: not one. */
static uint64_t suffix_factor(const char *suffix)
{
    static const char letters[] = "KMG";
    if (*suffix == '\0')
        return 1;
    const char *letter = strchr(letters, *suffix);
    if (!letter || suffix[1] != '\0')
        return 0;
    return 1ull << (10 * (letter - letters + 1));
}

bool words_number(struct words *words, uint64_t *number, uint64_t most, struct error *error)
{
    const char *word = words_peek(words);
    char *suffix;
    if (!isdigit((unsigned char)word[0]))
        return words_fail(words, error, "'%s': expected a number", word);
    errno = 0;
    bool hexadecimal = word[0] == '0' && (word[1] == 'x' || word[1] == 'X');
    uint64_t value = strtoull(word, &suffix, hexadecimal ? 16 : 10);
    uint64_t factor = suffix_factor(suffix);
    if (factor == 0)
        return words_fail(words, error, "'%s': expected a number", word);
    if (errno == ERANGE || value > most / factor)
        return words_fail(words, error, "%s: more than the %llu allowed", word,
                          (unsigned long long)most);
    *number = value * factor;
    words->at++;
    return true;
}

/* A key that names something: TYPE NAME, then what its type allows. */
static bool parse_named_key(struct words *words, struct recipe_key *key, enum key_type type,
                            enum recipe_target target, struct error *error)
{
    uint64_t number;
    key->type = (uint8_t)type;
    key->target = (uint8_t)target;
    if (!words_name(words, key->name, error))
        return false;
    if (type == KEY_START && !words_end(words)) {
        if (!words_number(words, &number, 255, error))
            return false;
        key->data_byte = (uint8_t)number;
    }
    if (type == KEY_PAGE && !words_number(words, &key->number, UINT32_MAX, error))
        return false;
    if ((type == KEY_PAGE || type == KEY_SEGMENT) && words_accept(words, "read-only"))
        key->data_byte = KEY_READ_ONLY;
    return words_finish(words, error);
}

/* A meter key may name a node that is a meter. */
static bool parse_meter_key(struct words *words, struct recipe_key *key, struct error *error)
{
    key->type = KEY_METER;
    if (words_end(words))
        return true;
    return parse_named_key(words, key, KEY_METER, TARGET_NODE, error);
}

static bool parse_input_key(struct words *words, struct recipe_key *key, struct error *error)
{
    key->type = KEY_INPUT;
    if (words_accept(words, "keyboard"))
        key->data_byte = INPUT_KEYBOARD;
    else if (words_accept(words, "pointer"))
        key->data_byte = INPUT_POINTER_DEVICE;
    else if (words_accept(words, "both"))
        key->data_byte = INPUT_BOTH;
    else
        return words_fail(words, error, "expected: input keyboard, pointer or both");
    return words_finish(words, error);
}

/* A range of the objects that the recipe leaves free. */
static bool parse_range_key(struct words *words, struct recipe_key *key, struct error *error)
{
    if (words_accept(words, "nodes"))
        key->type = KEY_NODE_RANGE;
    else if (words_accept(words, "pages"))
        key->type = KEY_PAGE_RANGE;
    else
        return words_fail(words, error, "expected: range nodes or range pages");
    if (words_end(words))
        return true;
    if (!words_number(words, &key->number, UINT32_MAX, error) ||
        !words_number(words, &key->count, UINT32_MAX, error))
        return false;
    if (key->count == 0)
        return words_fail(words, error, "a range has at least one object");
    return words_finish(words, error);
}

bool recipe_parse_key(struct words *words, struct recipe_key *key, struct error *error)
{
    static const struct {
        const char *word;
        enum key_type type;
        enum recipe_target target;
    } known[] = {
        {"start", KEY_START, TARGET_DOMAIN},
        {"domain", KEY_DOMAIN, TARGET_DOMAIN},
        {"node", KEY_NODE, TARGET_NODE},
        {"fetch", KEY_FETCH, TARGET_NODE},
        {"front-end", KEY_FRONT_END, TARGET_NODE},
        {"sense", KEY_SENSE, TARGET_NODE},
        {"segment", KEY_SEGMENT, TARGET_SEGMENT},
        {"page", KEY_PAGE, TARGET_SEGMENT},
        {"zero", KEY_DATA, TARGET_NONE},
        {"peek", KEY_PEEK, TARGET_NONE},
        {"timer", KEY_TIMER, TARGET_NONE},
        {"console", KEY_CONSOLE, TARGET_NONE},
        {"display", KEY_DISPLAY, TARGET_NONE},
        {"power", KEY_POWER, TARGET_NONE},
        {"discrim", KEY_DISCRIM, TARGET_NONE},
        {"returner", KEY_RETURNER, TARGET_NONE},
        {"compare", KEY_COMPARE, TARGET_NONE},
        {"journal", KEY_JOURNAL, TARGET_NONE},
        {"error-log", KEY_ERROR_LOG, TARGET_NONE},
        {"checkpoint", KEY_CHECKPOINT, TARGET_NONE},
        {"data-creator", KEY_DATA_CREATOR, TARGET_NONE},
        {"domain-tool", KEY_DOMAIN_TOOL, TARGET_NONE},
    };
    if (key->place.line)
        return words_fail(words, error, "there is a key already, from line %u", key->place.line);
    key->place = words_place(words);
    if (words_accept(words, "number")) {
        key->type = KEY_DATA;
        return words_number(words, &key->number, UINT64_MAX, error) && words_finish(words, error);
    }
    if (words_accept(words, "range"))
        return parse_range_key(words, key, error);
    if (words_accept(words, "input"))
        return parse_input_key(words, key, error);
    if (words_accept(words, "meter"))
        return parse_meter_key(words, key, error);
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (!words_accept(words, known[i].word))
            continue;
        if (known[i].target != TARGET_NONE)
            return parse_named_key(words, key, known[i].type, known[i].target, error);
        key->type = (uint8_t)known[i].type;
        return words_finish(words, error);
    }
    return words_fail(words, error, "'%s' is not a kind of key; recipe.h lists them",
                      words_peek(words));
}
