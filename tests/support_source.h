/* SPDX-License-Identifier: GPL-2.0-or-later */
/* support_source.h - C source as the house rules see it: tokens, directives, declarations.
 *
 * A lexer and just enough of a parser to tell functions from variables. It does not expand macros.
 * Used by support_tidy.c.
 */
#ifndef LATCHKEY_TESTS_SUPPORT_SOURCE_H
#define LATCHKEY_TESTS_SUPPORT_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

enum token_kind { TOKEN_NAME, TOKEN_NUMBER, TOKEN_STRING, TOKEN_CHARACTER, TOKEN_MARK };

struct token {
    enum token_kind kind;
    const char *text; /* into the source */
    size_t length;
    unsigned line; /* from 1 */
};

/* A preprocessor directive, with its continuation lines. */
struct directive {
    const char *text; /* from the '#' on */
    size_t length;
    unsigned line;
};

/* A comment, its marks included. */
struct comment {
    const char *text; /* into the source */
    size_t length;
    unsigned line; /* of its first character */
};

struct source {
    const char *text; /* borrowed, NUL-terminated */
    size_t length;
    struct token *tokens; /* comments and directives left out */
    size_t token_count, token_capacity;
    struct comment *comments; /* those inside directives left out */
    size_t comment_count, comment_capacity;
    struct directive *directives;
    size_t directive_count, directive_capacity;
    const char **lines; /* start of each line, index 0 is line 1 */
    size_t line_count, line_capacity;
};

/* source_read - lex text, which must outlive the source. Any bytes are accepted. */
void source_read(struct source *source, const char *text, size_t length);
void source_finish(struct source *source);

/* source_line - a line without its newline; line from 1 to line_count. */
const char *source_line(const struct source *source, unsigned line, size_t *length);
/* token_is - the token's text equals text. */
bool token_is(const struct token *token, const char *text);

/* What a declaration outside all functions is. */
enum declaration_kind {
    DECLARATION_PROTOTYPE,
    DECLARATION_FUNCTION,
    DECLARATION_VARIABLE,
    DECLARATION_OTHER /* a type, an assertion, a typedef */
};

struct declaration {
    enum declaration_kind kind;
    const struct token *name; /* NULL for OTHER */
    const struct token *first, *last;
    const struct token *body; /* FUNCTION: its "{" */
    bool constant;            /* VARIABLE: cannot change after start */
    bool external;            /* VARIABLE: declared extern */
    bool is_typedef;
};

/* source_declaration - the declaration that starts at token *index; *index moves past it.
 * false: no tokens are left. */
bool source_declaration(const struct source *source, size_t *index,
                        struct declaration *declaration);
/* source_static_local - the next `static` variable inside a function, from token *index on and
 * before token end; *index moves past it. false: none. */
bool source_static_local(const struct source *source, size_t *index, size_t end,
                         struct declaration *declaration);

#endif
