/* SPDX-License-Identifier: GPL-2.0-or-later */
/* support_source.c - the lexer and declaration finder behind the tidy test. Called by
 * support_tidy.c.
 *
 * Invariants
 *  1. Every loop moves forward in the text or in the tokens, so that any input ends.
 *  2. Unbalanced brackets end a declaration at the end of the file.
 */
#include "tests/support_source.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/memory.h"

static void token_add(struct source *source, enum token_kind kind, const char *start,
                      const char *end, unsigned line)
{
    source->tokens = memory_grow(source->tokens, source->token_count, &source->token_capacity,
                                 sizeof(*source->tokens));
    source->tokens[source->token_count++] =
        (struct token){.kind = kind, .text = start, .length = (size_t)(end - start), .line = line};
}

static void directive_add(struct source *source, const char *start, const char *end, unsigned line)
{
    source->directives = memory_grow(source->directives, source->directive_count,
                                     &source->directive_capacity, sizeof(*source->directives));
    source->directives[source->directive_count++] =
        (struct directive){.text = start, .length = (size_t)(end - start), .line = line};
}

static void comment_add(struct source *source, const char *start, const char *end, unsigned line)
{
    source->comments = memory_grow(source->comments, source->comment_count,
                                   &source->comment_capacity, sizeof(*source->comments));
    source->comments[source->comment_count++] =
        (struct comment){.text = start, .length = (size_t)(end - start), .line = line};
}

static void lines_find(struct source *source)
{
    const char *end = source->text + source->length;
    for (const char *at = source->text; at < end;) {
        source->lines = memory_grow(source->lines, source->line_count, &source->line_capacity,
                                    sizeof(*source->lines));
        source->lines[source->line_count++] = at;
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        at = newline ? newline + 1 : end;
    }
}

/* Past the comment that starts at `at`, or `at` itself when none does. */
static const char *comment_skip(const char *at, const char *end)
{
    if (end - at < 2 || at[0] != '/')
        return at;
    if (at[1] == '/') {
        while (at < end && *at != '\n')
            at++;
    } else if (at[1] == '*') {
        for (at += 2; at < end; at++)
            if (at[0] == '*' && at + 1 < end && at[1] == '/')
                return at + 2;
    }
    return at;
}

/* Past the string or character constant whose quote is at `at`. */
static const char *quoted_skip(const char *at, const char *end)
{
    char quote = *at++;
    while (at < end && *at != quote && *at != '\n')
        at += *at == '\\' && at + 1 < end ? 2 : 1;
    if (at < end && *at == quote)
        at++;
    return at;
}

static bool name_character(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* Past the directive whose '#' is at `at`: continuation lines included, comments not split. */
static const char *directive_skip(const char *at, const char *end)
{
    while (at < end && *at != '\n') {
        const char *after = comment_skip(at, end);
        if (after != at)
            at = after;
        else
            at += *at == '\\' && at + 1 < end ? 2 : 1;
    }
    return at;
}

static unsigned newlines(const char *start, const char *end)
{
    unsigned count = 0;
    for (; start < end; start++)
        count += *start == '\n';
    return count;
}

/* The token that starts at `at`; returns the place after it. */
static const char *token_read(struct source *source, const char *at, const char *end, unsigned line)
{
    const char *start = at;
    enum token_kind kind = TOKEN_MARK;
    if (*at == '"' || *at == '\'') {
        kind = *at == '"' ? TOKEN_STRING : TOKEN_CHARACTER;
        at = quoted_skip(at, end);
    } else if (name_character(*at)) {
        kind = isdigit((unsigned char)*at) ? TOKEN_NUMBER : TOKEN_NAME;
        while (at < end && name_character(*at))
            at++;
    } else if (end - at >= 2 &&
               (memcmp(at, "&&", 2) == 0 || memcmp(at, "==", 2) == 0 || memcmp(at, "<=", 2) == 0 ||
                memcmp(at, ">=", 2) == 0 || memcmp(at, "!=", 2) == 0)) {
        at += 2;
    } else {
        at++;
    }
    token_add(source, kind, start, at, line);
    return at;
}

void source_read(struct source *source, const char *text, size_t length)
{
    *source = (struct source){.text = text, .length = length};
    lines_find(source);
    const char *end = text + length;
    unsigned line = 1;
    bool line_start = true;
    for (const char *at = text; at < end;) {
        const char *start = at;
        if (*at == '\n') {
            line_start = true;
            at++;
        } else if (isspace((unsigned char)*at)) {
            at++;
        } else if ((at = comment_skip(start, end)) != start) {
            comment_add(source, start, at, line);
        } else if (*at == '#' && line_start) {
            at = directive_skip(at, end);
            directive_add(source, start, at, line);
        } else {
            line_start = false;
            at = token_read(source, at, end, line);
        }
        line += newlines(start, at);
    }
}

void source_finish(struct source *source)
{
    free(source->tokens);
    free(source->comments);
    free(source->directives);
    free(source->lines);
    *source = (struct source){0};
}

const char *source_line(const struct source *source, unsigned line, size_t *length)
{
    const char *start = source->lines[line - 1];
    const char *end =
        line < source->line_count ? source->lines[line] - 1 : source->text + source->length;
    if (line == source->line_count && end > start && end[-1] == '\n')
        end--;
    *length = (size_t)(end - start);
    return start;
}

bool token_is(const struct token *token, const char *text)
{
    return strlen(text) == token->length && memcmp(token->text, text, token->length) == 0;
}

static bool token_opens(const struct token *token)
{
    return token_is(token, "(") || token_is(token, "[") || token_is(token, "{");
}

static bool token_closes(const struct token *token)
{
    return token_is(token, ")") || token_is(token, "]") || token_is(token, "}");
}

/* Index after the bracket that closes the one at index. */
static size_t group_skip(const struct source *source, size_t index)
{
    unsigned depth = 0;
    for (; index < source->token_count; index++) {
        if (token_opens(&source->tokens[index]))
            depth++;
        else if (token_closes(&source->tokens[index]) && --depth == 0)
            return index + 1;
    }
    return source->token_count;
}

/* Names that are followed by "(" and are not the name of a function. */
static bool decoration(const struct token *token)
{
    return token_is(token, "__attribute__") || token_is(token, "_Alignas") ||
           token_is(token, "alignas") || token_is(token, "_Static_assert") ||
           token_is(token, "static_assert") || token_is(token, "__asm__") ||
           token_is(token, "typeof") || token_is(token, "__typeof__");
}

/* The tokens of a declaration that decide what it is: [first, end), where end is at its "=", ";" or
 * the "{" of its body. */
struct shape {
    const struct token *function_name; /* the name before the first "(" that is not decoration */
    const struct token *last_name;     /* the last name outside brackets */
    const struct token *pointer_name;  /* in "(*name)" */
    bool stars, const_after_star, const_anywhere, type_keyword, type_body, skip;
    unsigned names_after_type; /* names after a struct, union or enum and its tag or body */
};

static void shape_name(struct shape *shape, const struct token *token)
{
    if (token_is(token, "const")) {
        shape->const_anywhere = true;
        if (shape->stars)
            shape->const_after_star = true;
    } else if (token_is(token, "struct") || token_is(token, "union") || token_is(token, "enum")) {
        shape->type_keyword = true;
    } else if (token_is(token, "typedef")) {
        shape->skip = true;
    } else {
        shape->last_name = token;
        if (shape->type_keyword)
            shape->names_after_type++;
    }
}

/* "(*name" or "(*const name": a pointer to a function. Returns false when it is something else. */
static bool shape_pointer(struct shape *shape, const struct source *source, size_t open)
{
    size_t index = open + 1;
    if (index >= source->token_count || !token_is(&source->tokens[index], "*"))
        return false;
    shape->stars = true;
    shape->const_after_star = false;
    for (; index < source->token_count && !token_is(&source->tokens[index], ")"); index++) {
        if (token_is(&source->tokens[index], "const"))
            shape->const_after_star = true;
        else if (source->tokens[index].kind == TOKEN_NAME && !shape->pointer_name)
            shape->pointer_name = &source->tokens[index];
    }
    return true;
}

/* Read up to the "=", ";", "," or body; returns its index. */
static size_t shape_read(struct shape *shape, const struct source *source, size_t index)
{
    const struct token *previous = NULL;
    while (index < source->token_count) {
        const struct token *token = &source->tokens[index];
        if (token_is(token, "=") || token_is(token, ";") || token_is(token, ","))
            return index;
        if (token_is(token, "{")) {
            if (shape->function_name && !shape->skip)
                return index;
            shape->type_body = true;
            shape->names_after_type = 1;
            index = group_skip(source, index);
        } else if (token_is(token, "(")) {
            bool pointer = !shape->function_name && shape_pointer(shape, source, index);
            if (!pointer && !shape->pointer_name && !shape->function_name && previous &&
                previous->kind == TOKEN_NAME && !decoration(previous))
                shape->function_name = previous;
            index = group_skip(source, index);
        } else if (token_is(token, "[")) {
            index = group_skip(source, index);
        } else {
            if (token_is(token, "*")) {
                shape->stars = true;
                shape->const_after_star = false;
            } else if (token->kind == TOKEN_NAME && !decoration(token)) {
                shape_name(shape, token);
            }
            index++;
        }
        previous = token;
    }
    return index;
}

/* Criterion's Test(suite, name): the claim is the name. */
static const struct token *test_name(const struct source *source, const struct token *name)
{
    size_t index = (size_t)(name - source->tokens);
    bool test = token_is(name, "Test") || token_is(name, "ParameterizedTest") ||
                token_is(name, "ParameterizedTestParameters") || token_is(name, "Theory");
    for (size_t at = index; test && at < source->token_count && at < index + 12; at++)
        if (token_is(&source->tokens[at], ","))
            return &source->tokens[at + 1 < source->token_count ? at + 1 : at];
    return name;
}

static void variable_describe(const struct shape *shape, struct declaration *declaration)
{
    bool type_only = shape->type_keyword && shape->names_after_type < 2 && !shape->pointer_name;
    if (shape->skip || type_only || (!shape->last_name && !shape->pointer_name)) {
        declaration->kind = DECLARATION_OTHER;
        return;
    }
    declaration->kind = DECLARATION_VARIABLE;
    declaration->name = shape->pointer_name ? shape->pointer_name : shape->last_name;
    declaration->constant = shape->stars ? shape->const_after_star : shape->const_anywhere;
}

/* Index of the ";" that ends the declaration, initialisers and further declarators included. */
static size_t statement_end(const struct source *source, size_t index)
{
    while (index < source->token_count && !token_is(&source->tokens[index], ";"))
        index = token_opens(&source->tokens[index]) ? group_skip(source, index) : index + 1;
    return index;
}

bool source_declaration(const struct source *source, size_t *index, struct declaration *declaration)
{
    size_t start = *index;
    if (start >= source->token_count)
        return false;
    const struct token *first = &source->tokens[start];
    struct shape shape = {0};
    size_t at = shape_read(&shape, source, start);
    *declaration = (struct declaration){.first = first, .kind = DECLARATION_OTHER};
    declaration->external = token_is(first, "extern");
    declaration->is_typedef = token_is(first, "typedef");
    bool body = at < source->token_count && token_is(&source->tokens[at], "{");
    if (token_is(first, "static_assert") || token_is(first, "_Static_assert")) {
        at = statement_end(source, at);
    } else if (shape.function_name && !shape.skip) {
        declaration->kind = body ? DECLARATION_FUNCTION : DECLARATION_PROTOTYPE;
        declaration->name = test_name(source, shape.function_name);
        declaration->body = body ? &source->tokens[at] : NULL;
        at = body ? group_skip(source, at) - 1 : statement_end(source, at);
    } else {
        variable_describe(&shape, declaration);
        at = statement_end(source, at);
    }
    if (at >= source->token_count)
        at = source->token_count - 1;
    declaration->last = &source->tokens[at];
    *index = at + 1;
    return true;
}

bool source_static_local(const struct source *source, size_t *index, size_t end,
                         struct declaration *declaration)
{
    for (; *index < end; (*index)++) {
        if (!token_is(&source->tokens[*index], "static"))
            continue;
        struct shape shape = {0};
        size_t at = shape_read(&shape, source, *index + 1);
        *declaration = (struct declaration){.first = &source->tokens[*index]};
        variable_describe(&shape, declaration);
        *index = at;
        if (declaration->kind == DECLARATION_VARIABLE)
            return true;
    }
    return false;
}
