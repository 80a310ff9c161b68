/* SPDX-License-Identifier: GPL-2.0-or-later */
/* input_script.c - parses input scripts (input_script.h) and queues their events. Called by the
 * frontend and tests; calls keycode and machine_input(). */
#include "emulator/input_script.h"

#include <ctype.h>
#include <errno.h>
#include <linux/input-event-codes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/input_file.h"
#include "emulator/keycode.h"

#define SCRIPT_BYTES_MAX (1u << 20)
#define LINE_BYTES 1024u
#define TYPE_GAP_NS 20000000u
#define SCREEN_WIDTH 1024
#define SCREEN_HEIGHT 768
#define AXIS_MAX 32767

struct script {
    const char *path;
    unsigned line;
    char text[LINE_BYTES];
    char *at;          /* what is left of the line */
    uint64_t time_ns;  /* of the present line */
    struct machine *machine;
    struct error *error;
};

static bool fail(struct script *script, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool fail(struct script *script, const char *format, ...)
{
    char text[ERROR_TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    return error_set(script->error, ERROR_FORMAT, "%s:%u: %s", script->path, script->line, text);
}

/* The next word of the line, cut off; "" at the end. */
static char *word_next(struct script *script)
{
    script->at += strspn(script->at, " \t\r");
    char *word = script->at;
    script->at += strcspn(script->at, " \t\r");
    if (*script->at)
        *script->at++ = '\0';
    return word;
}

static bool time_parse(struct script *script, const char *word)
{
    static const struct {
        const char *unit;
        double ns;
    } units[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
    char *unit;
    bool relative = word[0] == '+';
    double value = strtod(word + relative, &unit);
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(unit, units[i].unit) != 0 || unit == word + relative || !(value >= 0) ||
            value * units[i].ns > 1e18)
            continue;
        uint64_t ns = (uint64_t)(value * units[i].ns + 0.5);
        script->time_ns = relative ? script->time_ns + ns : ns;
        return true;
    }
    return fail(script, "'%s': expected a time such as 500ms or +1.5s", word);
}

static bool queue(struct script *script, struct machine_input input)
{
    input.time_ns = script->time_ns;
    if (machine_input(script->machine, &input))
        return true;
    return error_set(script->error, ERROR_LIMIT, "%s:%u: more events than can be queued",
                     script->path, script->line);
}

static bool key_put(struct script *script, uint16_t code, bool down)
{
    return queue(script, (struct machine_input){.kind = INPUT_KEY, .code = code, .down = down});
}

static bool character_type(struct script *script, char character)
{
    uint16_t code;
    bool shift;
    if (!keycode_by_character(character, &code, &shift))
        return fail(script, "no key types the character 0x%02x", (unsigned char)character);
    if (shift && !key_put(script, KEY_LEFTSHIFT, true))
        return false;
    if (!key_put(script, code, true) || !key_put(script, code, false))
        return false;
    if (shift && !key_put(script, KEY_LEFTSHIFT, false))
        return false;
    script->time_ns += TYPE_GAP_NS;
    return true;
}

static char unescape(char letter)
{
    switch (letter) {
    case 'n':
        return '\n';
    case 't':
        return '\t';
    case 'r':
        return '\r';
    case 'b':
        return '\b';
    case 'e':
        return '\033';
    default:
        return letter;
    }
}

/* A quoted text; each of its characters goes to put. */
static bool text_put(struct script *script,
                     bool (*put)(struct script *script, char character))
{
    script->at += strspn(script->at, " \t");
    if (*script->at++ != '"')
        return fail(script, "expected a text in quotes");
    while (*script->at != '"') {
        char character = *script->at++;
        if (character == '\\' && *script->at)
            character = unescape(*script->at++);
        if (character == '\0')
            return fail(script, "the text has no closing quote");
        if (!put(script, character))
            return false;
    }
    script->at++;
    return true;
}

static bool console_type(struct script *script, char character)
{
    return queue(script, (struct machine_input){.kind = INPUT_CONSOLE,
                                                .code = (unsigned char)character});
}

static bool direction(struct script *script, bool *down)
{
    const char *word = word_next(script);
    *down = strcmp(word, "down") == 0;
    return *down || strcmp(word, "up") == 0 || fail(script, "'%s': expected down or up", word);
}

static bool number_parse(struct script *script, int32_t least, int32_t most, int32_t *number)
{
    char *end;
    const char *word = word_next(script);
    errno = 0;
    long value = strtol(word, &end, 0);
    if (end == word || *end || errno || value < least || value > most)
        return fail(script, "'%s': expected a number in %d..%d", word, least, most);
    *number = (int32_t)value;
    return true;
}

static bool key_line(struct script *script)
{
    bool down;
    uint16_t code;
    if (!direction(script, &down))
        return false;
    const char *name = word_next(script);
    if (!keycode_by_name(name, &code)) {
        char *end;
        unsigned long value = strtoul(name, &end, 0);
        if (!isdigit((unsigned char)name[0]) || *end || value >= KEY_CNT)
            return fail(script, "'%s': not a key", name);
        code = (uint16_t)value;
    }
    return key_put(script, code, down);
}

static bool pointer_line(struct script *script)
{
    int32_t x, y;
    if (!number_parse(script, 0, SCREEN_WIDTH - 1, &x) ||
        !number_parse(script, 0, SCREEN_HEIGHT - 1, &y))
        return false;
    return queue(script, (struct machine_input){.kind = INPUT_POINTER,
                                                .x = x * AXIS_MAX / (SCREEN_WIDTH - 1),
                                                .y = y * AXIS_MAX / (SCREEN_HEIGHT - 1)});
}

static bool button_line(struct script *script)
{
    bool down;
    uint16_t code;
    const char *word = word_next(script);
    if (strcmp(word, "left") == 0)
        code = BTN_LEFT;
    else if (strcmp(word, "right") == 0)
        code = BTN_RIGHT;
    else if (strcmp(word, "middle") == 0)
        code = BTN_MIDDLE;
    else
        return fail(script, "'%s': expected left, right or middle", word);
    if (!direction(script, &down))
        return false;
    return queue(script, (struct machine_input){.kind = INPUT_BUTTON, .code = code, .down = down});
}

static bool event_parse(struct script *script)
{
    const char *word = word_next(script);
    int32_t steps;
    if (strcmp(word, "console") == 0)
        return text_put(script, console_type);
    if (strcmp(word, "type") == 0)
        return text_put(script, character_type);
    if (strcmp(word, "key") == 0)
        return key_line(script);
    if (strcmp(word, "pointer") == 0)
        return pointer_line(script);
    if (strcmp(word, "button") == 0)
        return button_line(script);
    if (strcmp(word, "wheel") == 0)
        return number_parse(script, -100, 100, &steps) &&
               queue(script, (struct machine_input){.kind = INPUT_WHEEL, .y = steps});
    return fail(script, "'%s': expected console, type, key, pointer, button or wheel", word);
}

static bool line_parse(struct script *script)
{
    script->at = script->text;
    script->at += strspn(script->at, " \t\r");
    if (*script->at == '\0' || *script->at == '#')
        return true;
    if (!time_parse(script, word_next(script)) || !event_parse(script))
        return false;
    script->at += strspn(script->at, " \t\r");
    return *script->at == '\0' || *script->at == '#' ||
           fail(script, "'%s' is too much on this line", script->at);
}

bool input_script_queue(const char *path, struct machine *machine, struct error *error)
{
    uint8_t *text;
    size_t size_bytes;
    struct script script = {.path = path, .machine = machine, .error = error};
    if (!input_read(path, SCRIPT_BYTES_MAX, &text, &size_bytes, error))
        return false;
    bool good = true;
    for (size_t at = 0; good && at < size_bytes;) {
        const uint8_t *end = memchr(text + at, '\n', size_bytes - at);
        size_t length = end ? (size_t)(end - (text + at)) : size_bytes - at;
        script.line++;
        if (length >= LINE_BYTES || memchr(text + at, '\0', length)) {
            good = fail(&script, "the line is too long, or not text");
            break;
        }
        memcpy(script.text, text + at, length);
        script.text[length] = '\0';
        good = line_parse(&script);
        at += length + 1;
    }
    free(text);
    return good;
}
