/* SPDX-License-Identifier: GPL-2.0-or-later */
/* support_tidy.c - the house rules. Called by tidy_test.c; calls support_source.c.
 *
 * Every rule is one function named rule_*, listed in tidy_file(). What is excepted stands in a
 * table, by name, with the reason.
 */
#include "tests/support_tidy.h"

#include <dirent.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "emulator/base/memory.h"
#include "tests/support_source.h"

#define LINE_CHARACTERS_MAX 100u
#define FUNCTION_LINES_MAX 70u
#define INLINE_LINES_MAX 8u /* a function in a header that needs no contract */
#define FILE_LINES_MAX 600u
#define TEST_FILE_LINES_MAX 800u
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct exception {
    const char *path, *name, *reason;
};

/* Variables on the host that may change. */
static const struct exception variable_exceptions[] = {
    {"emulator/cpu_store*.c", "*",
     "the interposed engine functions get no context: a thread-local names the engine inside"},
    {"emulator/cpu_quick.c", "*", "the same"},
    {"tests/host_disk.c", "*", "stands for the hardware, which the kernel reaches by no pointer"},
    {"tests/arch_host.c", "*", "stands for the hardware, which the kernel reaches by no pointer"},
    {"tests/kernel_*", "*", "kernel modules keep their state in statics; so do their doubles"},
    {"tests/*_test.c", "*", "every test runs in a process of its own"},
};

/* Functions that may be longer. */
static const struct exception length_exceptions[] = {
    {"none", "none", "no function needs it"},
};

/* A header of an outside library, and the files that may include it. */
static const struct door {
    const char *header, *path;
} doors[] = {
    {"unicorn/*", "emulator/cpu*"},
    {"lz4*.h", "emulator/base/pack.c"},
    {"xxhash.h", "emulator/base/pack.c"},
    {"SDL*", "frontend/window*.c"},
    {"libelf.h", "emulator/base/elf_file.c"},
    {"gelf.h", "emulator/base/elf_file.c"},
    {"elf.h", "emulator/base/elf_file.c"},
    {"elf.h", "tests/*"}, /* constants only: tests make programs */
    {"libfdt*.h", "emulator/devicetree.c"},
    {"libfdt*.h", "tests/*_test.c"},
    {"png.h", "frontend/screenshot.c"},
    {"png.h", "tests/*_test.c"},
    {"criterion/*", "tests/*"},
};

/* Files that comments name and that are not in the tree. */
static const struct exception outside_files[] = {
    {"*", "input-event-codes.h", "of Linux: codes of keys and buttons"},
    {"*", "virt.c", "of QEMU: the board that ours is a part of"},
    {"*", "sifive_test.c", "of QEMU"},
    {"*kernel*", "j*c.c", "of KeyKOS: what kernel keys do"},
    {"kernel/*", "gatec.c", "of KeyKOS"},
    {"kernel/*", "memoryc.c", "of KeyKOS"},
    {"emulator/base/pack.c", "lz4.h", "a library's"},
    {"emulator/base/pack.c", "xxhash.h", "a library's"},
};

/* Which folders a folder may include from. The first line whose folder fits decides. */
static const struct layer {
    const char *folder, *includes[8];
} layers[] = {
    {"emulator/base/*", {"emulator/base/*"}},
    {"emulator/campaign*", {"emulator/*", "devices/*", "disks/*"}}, /* judges what is on disks */
    {"emulator/domain_names.*", {"emulator/*", "devices/*", "disks/names.h"}},
    /* Reads what a kernel call says, and the kernel's structures. */
    {"emulator/ledger*",
     {"emulator/*", "devices/*", "kernel/abi.h", "kernel/orders.h", "kernel/arch/offsets.h"}},
    {"emulator/gdb_*", {"emulator/*", "devices/*", "kernel/abi.h", "kernel/arch/offsets.h"}},
    {"emulator/*", {"emulator/*", "devices/*"}},
    {"devices/*", {"devices/*", "emulator/base/*"}},
    {"disks/domains/*", {"disks/domains/*", "kernel/abi.h", "kernel/orders.h"}},
    {"disks/*", {"disks/*", "emulator/base/*", "kernel/abi.h"}},
    {"kernel/*", {"kernel/*", "devices/board.h", "disks/format.h", "disks/checksum.h"}},
    {"frontend/*", {"frontend/*", "emulator/*", "devices/*", "disks/*", "kernel/abi.h"}},
    {"bench/*", {"bench/*", "emulator/*", "devices/*", "disks/*", "kernel/abi.h"}},
    {"tests/guest/*", {"tests/guest/*", "devices/board.h", "kernel/abi.h"}},
    {"tests/*", {"*"}},
};

/* The host clock is read for pacing, by the bench, and by tests; never by what makes a run. */
static const char *const clock_names[] = {
    "clock_gettime", "gettimeofday", "timespec_get", "nanosleep", "usleep", "clock_nanosleep",
};

static bool matches(const char *pattern, const char *text)
{
    return fnmatch(pattern, text, 0) == 0;
}

static bool excepted_text(const struct exception *exceptions, size_t count, const char *path,
                          const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (matches(exceptions[i].path, path) && matches(exceptions[i].name, name))
            return true;
    return false;
}

static bool excepted(const struct exception *exceptions, size_t count, const char *path,
                     const struct token *name)
{
    char text[128];
    snprintf(text, sizeof(text), "%.*s", (int)(name->length < 100 ? name->length : 100),
             name->text);
    return excepted_text(exceptions, count, path, text);
}

__attribute__((format(printf, 5, 6))) static void
find(struct tidy *tidy, const char *path, unsigned line, const char *rule, const char *format, ...)
{
    tidy->findings = memory_grow(tidy->findings, tidy->finding_count, &tidy->finding_capacity,
                                 sizeof(*tidy->findings));
    struct tidy_finding *finding = &tidy->findings[tidy->finding_count++];
    finding->line = line;
    snprintf(finding->path, sizeof(finding->path), "%s", path);
    snprintf(finding->rule, sizeof(finding->rule), "%s", rule);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(finding->text, sizeof(finding->text), format, arguments);
    va_end(arguments);
}

/* What is checked, and how far it has come. */
struct subject {
    struct tidy *tidy;
    const char *path;
    const char *name; /* of the path, without folders */
    struct source source;
    bool c_source, header, assembler, host, test;
};

static bool guest_path(const char *path)
{
    return matches("kernel/*", path) || matches("disks/domains/*", path) ||
           matches("tests/guest/*", path);
}

static bool line_starts(const struct source *source, unsigned line, const char *start)
{
    size_t length;
    if (line > source->line_count)
        return false;
    const char *text = source_line(source, line, &length);
    return length >= strlen(start) && memcmp(text, start, strlen(start)) == 0;
}

/* The licence is the first line, or the second after "#!"; in C sources the next line says what the
 * file is, under its own name. */
static void rule_top(struct subject *subject)
{
    const struct source *source = &subject->source;
    bool c_like = subject->c_source || subject->assembler || matches("*.ld", subject->path);
    unsigned line = line_starts(source, 1, "#!") ? 2 : 1;
    const char *licence = c_like ? "/* SPDX-License-Identifier: GPL-2.0-or-later */"
                                 : "# SPDX-License-Identifier: GPL-2.0-or-later";
    if (!line_starts(source, line, licence))
        find(subject->tidy, subject->path, line, "licence", "this line is not \"%s\"", licence);
    char top[220];
    snprintf(top, sizeof(top), "/* %s - ", subject->name);
    if (c_like && !line_starts(source, 2, top))
        find(subject->tidy, subject->path, 2, "top", "does not start with \"%s\"", top);
}

/* Characters, not bytes, of a line of UTF-8. */
static unsigned characters(const char *text, size_t length)
{
    unsigned count = 0;
    for (size_t i = 0; i < length; i++)
        count += ((unsigned char)text[i] & 0xc0u) != 0x80u;
    return count;
}

static void rule_lines(struct subject *subject)
{
    const struct source *source = &subject->source;
    for (unsigned line = 1; line <= source->line_count; line++) {
        size_t length;
        const char *text = source_line(source, line, &length);
        unsigned count = characters(text, length);
        if (count > LINE_CHARACTERS_MAX)
            find(subject->tidy, subject->path, line, "line length", "%u characters", count);
        if (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\r'))
            find(subject->tidy, subject->path, line, "white space", "at the end of the line");
        if (memchr(text, '\t', length))
            find(subject->tidy, subject->path, line, "white space", "a tab");
    }
    unsigned max = subject->test ? TEST_FILE_LINES_MAX : FILE_LINES_MAX;
    if (source->line_count > max)
        find(subject->tidy, subject->path, max + 1, "file length", "%zu lines, %u are allowed",
             source->line_count, max);
    if (source->length > 0 && source->text[source->length - 1] != '\n')
        find(subject->tidy, subject->path, (unsigned)source->line_count, "white space",
             "no newline at the end of the file");
}

/* Words that no committed line holds. They are written in halves here, so that this file passes. */
static void rule_words(struct subject *subject)
{
    static const char *const words[] = {"TO"
                                        "DO",
                                        "FIX"
                                        "ME",
                                        "/wo"
                                        "rk/",
                                        "/tm"
                                        "p/",
                                        "/ro"
                                        "ot/",
                                        "/ho"
                                        "me/",
                                        "DNDE"
                                        "BUG",
                                        "define NDE"
                                        "BUG"};
    const struct source *source = &subject->source;
    for (unsigned line = 1; line <= source->line_count; line++) {
        size_t length;
        const char *text = source_line(source, line, &length);
        for (size_t i = 0; i < COUNT(words); i++)
            if (memmem(text, length, words[i], strlen(words[i])))
                find(subject->tidy, subject->path, line, "words", "\"%s\"", words[i]);
    }
}

static bool may_include(const char *path, const char *included)
{
    for (size_t i = 0; i < COUNT(layers); i++) {
        if (!matches(layers[i].folder, path))
            continue;
        for (size_t j = 0; j < COUNT(layers[i].includes) && layers[i].includes[j]; j++)
            if (matches(layers[i].includes[j], included))
                return true;
        return false;
    }
    return false;
}

/* Is there a file of this name, or with this end of its path? */
static bool path_exists(const struct tidy *tidy, const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < tidy->path_count; i++) {
        const char *path = tidy->paths[i].text;
        size_t whole = strlen(path);
        if (whole >= length && strcmp(path + whole - length, name) == 0 &&
            (whole == length || path[whole - length - 1] == '/'))
            return true;
    }
    return tidy->path_count == 0;
}

static void own_include(struct subject *subject, unsigned line, const char *included)
{
    if (!strchr(included, '/')) {
        find(subject->tidy, subject->path, line, "include", "\"%s\" names no folder", included);
        return;
    }
    if (!path_exists(subject->tidy, included))
        find(subject->tidy, subject->path, line, "include", "\"%s\" does not exist", included);
    if (!may_include(subject->path, included))
        find(subject->tidy, subject->path, line, "folder order", "\"%s\" is not for this folder",
             included);
}

static void library_include(struct subject *subject, unsigned line, const char *included)
{
    bool has_door = false;
    for (size_t i = 0; i < COUNT(doors); i++) {
        if (!matches(doors[i].header, included))
            continue;
        has_door = true;
        if (matches(doors[i].path, subject->path))
            return;
    }
    if (has_door)
        find(subject->tidy, subject->path, line, "one door", "<%s> belongs to another file",
             included);
}

/* The word of a directive, "include" of "#  include <x>", and the rest of its line. */
static const char *directive_split(const struct directive *directive, char word[16], char rest[200])
{
    const char *end = directive->text + directive->length, *at = directive->text + 1;
    size_t length = 0;
    while (at < end && *at == ' ')
        at++;
    while (at < end && *at >= 'a' && *at <= 'z' && length < 15)
        word[length++] = *at++;
    word[length] = '\0';
    while (at < end && *at == ' ')
        at++;
    length = (size_t)(end - at) < 199 ? (size_t)(end - at) : 199;
    memcpy(rest, at, length);
    rest[length] = '\0';
    rest[strcspn(rest, "\n")] = '\0';
    return word;
}

static void rule_includes(struct subject *subject)
{
    for (size_t i = 0; i < subject->source.directive_count; i++) {
        const struct directive *directive = &subject->source.directives[i];
        char word[16], rest[200];
        if (strcmp(directive_split(directive, word, rest), "include") != 0)
            continue;
        char close = rest[0] == '<' ? '>' : '"';
        char *end = rest[0] ? strchr(rest + 1, close) : NULL;
        if (!end)
            continue;
        *end = '\0';
        if (close == '"')
            own_include(subject, directive->line, rest + 1);
        else
            library_include(subject, directive->line, rest + 1);
    }
}

/* The file that a word of a comment names: a path whose last part ends as a source does. false: it
 * names none, or many ("*_test.c"). */
static bool file_named(const char *word, size_t length, char name[200])
{
    static const char *const endings[] = {"?*.[chS]", "?*.md", "?*.ld", "?*.recipe", "?*.cmake"};
    while (length > 0 && word[length - 1] == '.') /* the end of a sentence */
        length--;
    if (length >= 200 || memchr(word, '*', length))
        return false;
    memcpy(name, word, length);
    name[length] = '\0';
    for (size_t i = 0; i < COUNT(endings); i++)
        if (matches(endings[i], name))
            return true;
    return false;
}

/* A file that a comment names is there, under that name. */
static void rule_mentions(struct subject *subject)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "_-./*";
    for (size_t i = 0; i < subject->source.comment_count; i++) {
        const struct comment *comment = &subject->source.comments[i];
        const char *end = comment->text + comment->length, *at = comment->text + 2;
        unsigned line = comment->line;
        while (at < end) {
            char name[200];
            size_t length = strspn(at, letters);
            if (length > (size_t)(end - at))
                length = (size_t)(end - at);
            const char *slash = memrchr(at, '/', length);
            const char *base = slash ? slash + 1 : at;
            if (length > 0 && file_named(at, length, name) && !path_exists(subject->tidy, name) &&
                !excepted_text(outside_files, COUNT(outside_files), subject->path,
                               name + (base - at)))
                find(subject->tidy, subject->path, line, "mention", "%s is not in the tree", name);
            line += at[length] == '\n';
            at += length + 1;
        }
    }
}

/* Include guards are the only conditionals. */
static void rule_conditionals(struct subject *subject)
{
    bool guarded = false;
    for (size_t i = 0; i < subject->source.directive_count; i++) {
        const struct directive *directive = &subject->source.directives[i];
        char word[16], rest[200];
        directive_split(directive, word, rest);
        if (strcmp(word, "ifndef") == 0 && i == 0 && subject->header) {
            guarded = strncmp(rest, "LATCHKEY_", 9) == 0;
            continue;
        }
        if (strncmp(word, "if", 2) == 0 || strncmp(word, "el", 2) == 0)
            find(subject->tidy, subject->path, directive->line, "conditional",
                 "#%s: variation is a field or a file", word);
    }
    if (subject->header && !guarded)
        find(subject->tidy, subject->path, 1, "guard", "no include guard LATCHKEY_...");
}

static void check_variable(struct subject *subject, const struct declaration *variable,
                           const char *where)
{
    if (variable->constant ||
        excepted(variable_exceptions, COUNT(variable_exceptions), subject->path, variable->name))
        return;
    find(subject->tidy, subject->path, variable->first->line, "state",
         "%.*s: a variable %s can change", (int)variable->name->length, variable->name->text,
         where);
}

static void check_length(struct subject *subject, const struct declaration *function)
{
    unsigned lines = function->last->line - function->first->line + 1;
    if (lines > FUNCTION_LINES_MAX &&
        !excepted(length_exceptions, COUNT(length_exceptions), subject->path, function->name))
        find(subject->tidy, subject->path, function->first->line, "function length",
             "%.*s has %u lines, %u are allowed", (int)function->name->length, function->name->text,
             lines, FUNCTION_LINES_MAX);
}

/* A declaration has its contract when its paragraph holds a comment above it, or on its lines. A
 * short inline function is its own contract. */
static void check_contract(struct subject *subject, const struct declaration *declaration)
{
    const struct source *source = &subject->source;
    unsigned lines = declaration->last->line - declaration->first->line + 1;
    if (declaration->kind == DECLARATION_FUNCTION && lines <= INLINE_LINES_MAX)
        return;
    for (unsigned line = declaration->last->line; line >= 1; line--) {
        size_t length;
        const char *text = source_line(source, line, &length);
        bool outside = line < declaration->first->line;
        if (outside && (length == 0 || text[0] == '#'))
            break;
        if (memmem(text, length, "*/", 2) || memmem(text, length, "//", 2))
            return;
    }
    find(subject->tidy, subject->path, declaration->first->line, "contract",
         "%.*s has no comment above it", (int)declaration->name->length, declaration->name->text);
}

static void check_type(struct subject *subject, const struct declaration *declaration)
{
    const struct token *after = declaration->first + 1;
    if (declaration->is_typedef && after <= declaration->last &&
        (token_is(after, "struct") || token_is(after, "union") || token_is(after, "enum")))
        find(subject->tidy, subject->path, declaration->first->line, "typedef",
             "structs, unions and enums are written out");
}

/* Function length, contracts in headers, and variables that can change. */
static void rule_declarations(struct subject *subject)
{
    struct declaration declaration;
    unsigned kernel_states = 0;
    bool kernel = matches("kernel/*", subject->path);
    for (size_t index = 0; source_declaration(&subject->source, &index, &declaration);) {
        bool function = declaration.kind == DECLARATION_FUNCTION;
        check_type(subject, &declaration);
        if (function)
            check_length(subject, &declaration);
        if (subject->header && (function || declaration.kind == DECLARATION_PROTOTYPE))
            check_contract(subject, &declaration);
        if (declaration.kind == DECLARATION_VARIABLE && subject->host)
            check_variable(subject, &declaration, "outside functions");
        if (declaration.kind == DECLARATION_VARIABLE && kernel && !declaration.constant &&
            !declaration.external && ++kernel_states > 2)
            find(subject->tidy, subject->path, declaration.first->line, "state",
                 "a kernel module keeps its state in one static struct, its buffers in another");
        if (!function)
            continue;
        size_t at = (size_t)(declaration.body - subject->source.tokens);
        size_t end = (size_t)(declaration.last - subject->source.tokens);
        struct declaration local;
        while ((subject->host || kernel) && source_static_local(&subject->source, &at, end, &local))
            check_variable(subject, &local, "in a function");
    }
}

static void panic_add(struct subject *subject, const char *id, unsigned line)
{
    struct tidy *tidy = subject->tidy;
    for (size_t i = 0; i < tidy->panic_count; i++)
        if (strcmp(tidy->panics[i].id, id) == 0)
            find(tidy, subject->path, line, "panic id", "%s is used in %s:%u too", id,
                 tidy->panics[i].path, tidy->panics[i].line);
    tidy->panics =
        memory_grow(tidy->panics, tidy->panic_count, &tidy->panic_capacity, sizeof(*tidy->panics));
    struct tidy_panic *panic = &tidy->panics[tidy->panic_count++];
    snprintf(panic->id, sizeof(panic->id), "%s", id);
    snprintf(panic->path, sizeof(panic->path), "%s", subject->path);
    panic->line = line;
}

/* panic("ABCD-123 ..."), each id once in the tree. */
static void rule_panics(struct subject *subject)
{
    const struct source *source = &subject->source;
    for (size_t i = 0; i + 2 < source->token_count; i++) {
        const struct token *text = &source->tokens[i + 2];
        if (!token_is(&source->tokens[i], "panic") || text->kind != TOKEN_STRING)
            continue;
        char id[16];
        snprintf(id, sizeof(id), "%.*s", (int)(text->length < 9 ? text->length : 9) - 1,
                 text->text + 1);
        if (!matches("[A-Z][A-Z][A-Z][A-Z]-[0-9][0-9][0-9]", id))
            find(subject->tidy, subject->path, text->line, "panic id",
                 "%.*s does not start with an id like ABCD-123",
                 (int)(text->length < 40 ? text->length : 40), text->text);
        else
            panic_add(subject, id, text->line);
    }
}

/* assert(a && b) does not say which failed. */
static void check_assert(struct subject *subject, size_t open)
{
    unsigned depth = 0;
    for (size_t i = open; i < subject->source.token_count; i++) {
        const struct token *token = &subject->source.tokens[i];
        if (token_is(token, "("))
            depth++;
        else if (token_is(token, ")") && --depth == 0)
            return;
        else if (depth == 1 && token_is(token, "&&"))
            find(subject->tidy, subject->path, token->line, "assert",
                 "two conditions in one assertion");
    }
}

/* Names that are spelt out, the host clock, and who may end the program. */
static void rule_names(struct subject *subject)
{
    bool library = matches("emulator/*", subject->path) || matches("devices/*", subject->path) ||
                   (matches("disks/*", subject->path) && subject->host);
    for (size_t i = 0; i + 1 < subject->source.token_count; i++) {
        const struct token *token = &subject->source.tokens[i];
        if (token->kind != TOKEN_NAME)
            continue;
        if (token_is(token, "src") || token_is(token, "dst"))
            find(subject->tidy, subject->path, token->line, "names", "source and target, not %.3s",
                 token->text);
        if (token_is(token, "assert") || token_is(token, "kassert"))
            check_assert(subject, i + 1);
        if (!library || matches("emulator/cpu_store*.c", subject->path))
            continue;
        for (size_t j = 0; j < COUNT(clock_names); j++)
            if (token_is(token, clock_names[j]))
                find(subject->tidy, subject->path, token->line, "host clock",
                     "%s: a run must not depend on it", clock_names[j]);
        if (token_is(token, "exit") && token_is(token + 1, "("))
            find(subject->tidy, subject->path, token->line, "exit", "only main ends the program");
    }
}

void tidy_file(struct tidy *tidy, const char *path, const char *text, size_t length)
{
    const char *slash = strrchr(path, '/');
    struct subject subject = {
        .tidy = tidy,
        .path = path,
        .name = slash ? slash + 1 : path,
        .c_source = matches("*.[ch]", path),
        .header = matches("*.h", path),
        .assembler = matches("*.S", path),
        .host = !guest_path(path),
        .test = matches("tests/*", path),
    };
    source_read(&subject.source, text, length);
    tidy->file_count++;
    rule_top(&subject);
    rule_lines(&subject);
    rule_words(&subject);
    if (subject.c_source || subject.assembler) {
        rule_includes(&subject);
        rule_mentions(&subject);
        rule_conditionals(&subject);
    }
    if (subject.c_source) {
        rule_declarations(&subject);
        rule_names(&subject);
    }
    if (subject.c_source && matches("kernel/*", path))
        rule_panics(&subject);
    source_finish(&subject.source);
}

/* Which files the rules know. Scripts have no ending; they are known by their place. */
static bool known_file(const char *path)
{
    static const char *const patterns[] = {
        "*.[chS]", "*.ld",           "*.cmake",   "*CMakeLists.txt", "*.recipe",
        "*.sh",    "frontend/start", "tests/run", "bench/run",       ".ci/run",
        "bench/campaign_parallel",   "bench/campaign_slurm",         "tests/slurm_one_node",
    };
    for (size_t i = 0; i < COUNT(patterns); i++)
        if (matches(patterns[i], path))
            return true;
    return false;
}

static void file_check(struct tidy *tidy, const char *path)
{
    char full[512];
    snprintf(full, sizeof(full), "%s/%s", tidy->root, path);
    FILE *file = fopen(full, "rb");
    if (!file) {
        find(tidy, path, 0, "read", "the file cannot be read");
        return;
    }
    char *text = NULL;
    size_t length = 0, room = 0, got;
    do {
        room += 65536;
        text = memory_must(realloc(text, room + 1));
        got = fread(text + length, 1, room - length, file);
        length += got;
    } while (got > 0);
    fclose(file);
    text[length] = '\0';
    tidy_file(tidy, path, text, length);
    free(text);
}

static int by_name(const struct dirent **left, const struct dirent **right)
{
    return strcmp((*left)->d_name, (*right)->d_name);
}

void tidy_path_add(struct tidy *tidy, const char *path)
{
    tidy->paths =
        memory_grow(tidy->paths, tidy->path_count, &tidy->path_capacity, sizeof(*tidy->paths));
    struct tidy_path *added = &tidy->paths[tidy->path_count++];
    snprintf(added->text, sizeof(added->text), "%s", path);
}

/* List the files below a folder. Folders are few and shallow: depth is bounded by the path's
 * length. */
static bool folder_list(struct tidy *tidy, const char *folder)
{
    char full[512], path[400];
    struct dirent **entries;
    snprintf(full, sizeof(full), "%s/%s", tidy->root, folder);
    int count = scandir(full, &entries, NULL, by_name);
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        struct stat status;
        snprintf(path, sizeof(path), "%s%s%s", folder, *folder ? "/" : "", name);
        snprintf(full, sizeof(full), "%s/%s", tidy->root, path);
        bool hidden = name[0] == '.' && strcmp(name, ".ci") != 0;
        bool build = !*folder && strncmp(name, "build", 5) == 0;
        if (!hidden && !build && strlen(path) < 180 && lstat(full, &status) == 0) {
            if (S_ISDIR(status.st_mode))
                (void)folder_list(tidy, path);
            else if (S_ISREG(status.st_mode))
                tidy_path_add(tidy, path);
        }
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    return count >= 0;
}

bool tidy_tree(struct tidy *tidy)
{
    if (!folder_list(tidy, ""))
        return false;
    for (size_t i = 0; i < tidy->path_count; i++)
        if (known_file(tidy->paths[i].text))
            file_check(tidy, tidy->paths[i].text);
    return true;
}

void tidy_finish(struct tidy *tidy)
{
    free(tidy->findings);
    free(tidy->paths);
    free(tidy->panics);
    *tidy = (struct tidy){0};
}
