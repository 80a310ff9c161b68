/* SPDX-License-Identifier: GPL-2.0-or-later */
/* walk_test.c - what README.md says of the tree is so: its walks name functions that are where
 * it says, and every file and folder that it names is there.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/support_source.h"

#define WALK_STEPS_MIN 7u

/* A file of the tree as text; NULL: it cannot be read. The caller frees it. */
static char *file_text(const char *path)
{
    char full[512];
    snprintf(full, sizeof(full), "%s/%s", LATCHKEY_SOURCE_DIR, path);
    FILE *file = fopen(full, "rb");
    char *text = NULL;
    size_t size_bytes = 0, got = 0;
    if (!file)
        return NULL;
    if (getdelim(&text, &size_bytes, EOF, file) >= 0)
        got = strlen(text);
    fclose(file);
    return got ? text : NULL;
}

/* Does a C file define the function, or an assembler file the label? */
static bool file_defines(const char *path, const char *name)
{
    char *text = file_text(path), label[128];
    if (!text)
        return false;
    bool found = false;
    if (strcmp(strrchr(path, '.'), ".S") == 0) {
        snprintf(label, sizeof(label), "\n%s:", name);
        found = strstr(text, label) != NULL;
    } else {
        struct source source;
        struct declaration declaration;
        source_read(&source, text, strlen(text));
        for (size_t index = 0; source_declaration(&source, &index, &declaration);)
            if (declaration.kind == DECLARATION_FUNCTION && token_is(declaration.name, name))
                found = true;
        source_finish(&source);
    }
    free(text);
    return found;
}

/* The next text between backquotes from *at on, moved past it. false: none on this line. */
static bool quoted_next(const char **at, char text[128])
{
    const char *start = *at + strcspn(*at, "`\n");
    if (*start != '`')
        return false;
    size_t length = strcspn(start + 1, "`\n");
    if (start[1 + length] != '`' || length >= 128)
        return false;
    memcpy(text, start + 1, length);
    text[length] = '\0';
    *at = start + length + 2;
    return true;
}

static void walk_expect(const char *heading)
{
    char *readme = file_text("README.md");
    cr_assert(readme);
    const char *at = strstr(readme, heading);
    cr_assert(at, "README.md has no section \"%s\"", heading);
    unsigned steps = 0;
    for (at = strchr(at + 1, '\n'); at && strncmp(at, "\n## ", 4) != 0; at = strchr(at + 1, '\n')) {
        unsigned number;
        char path[128], name[128];
        const char *row = at + 1;
        if (sscanf(row, "| %u |", &number) != 1)
            continue;
        cr_expect_eq(number, ++steps, "step %u is called %u", steps, number);
        cr_assert(quoted_next(&row, path), "step %u names no file", number);
        cr_assert(quoted_next(&row, name), "step %u names no function", number);
        cr_expect(file_defines(path, name), "step %u: %s does not define %s", number, path, name);
    }
    cr_expect_geq(steps, WALK_STEPS_MIN, "only %u steps were found", steps);
    free(readme);
}

Test(walk, every_step_of_a_message_and_of_a_checkpoint_is_where_the_readme_says)
{
    walk_expect("## A message, step by step");
    walk_expect("## A checkpoint, step by step");
}

Test(walk, a_function_that_is_not_there_is_noticed)
{
    cr_expect(file_defines("kernel/gate.c", "gate_invoke"));
    cr_expect(file_defines("kernel/arch/gate.S", "trap_entry"));
    cr_expect(!file_defines("kernel/gate.c", "invoke"), "called there, and not defined");
    cr_expect(!file_defines("kernel/invoke.h", "commit_point"), "only declared there");
    cr_expect(!file_defines("kernel/arch/trap.S", "trap_entr"));
    cr_expect(!file_defines("kernel/nothing.c", "gate_invoke"));
}

/* A path from the root: words of a path, a slash or a known ending, nothing else. */
static bool looks_like_path(const char *text)
{
    static const char *const folders[] = {"emulator/", "devices/", "kernel/", "disks/",
                                          "frontend/", "bench/",   "tests/"};
    if (strpbrk(text, " *(<"))
        return false;
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
        if (strncmp(text, folders[i], strlen(folders[i])) == 0)
            return true;
    return strcmp(text, "LICENSE") == 0;
}

Test(walk, every_file_and_folder_that_the_readme_names_is_there)
{
    char *readme = file_text("README.md"), text[128], full[512];
    cr_assert(readme);
    unsigned named = 0;
    for (const char *line = readme; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        for (const char *at = line; quoted_next(&at, text);) {
            struct stat status;
            if (!looks_like_path(text))
                continue;
            named++;
            snprintf(full, sizeof(full), "%s/%s", LATCHKEY_SOURCE_DIR, text);
            cr_expect_eq(stat(full, &status), 0, "README.md names %s, which is not there", text);
        }
        if (*line == '\0')
            break;
    }
    cr_expect_geq(named, 20, "only %u paths were found", named);
    free(readme);
}

Test(walk, the_readmes_picture_and_commands_are_there)
{
    static const char *const files[] = {"frontend/screenshot.png", "frontend/start", "tests/run",
                                        "bench/run", ".ci/run"};
    char *readme = file_text("README.md");
    cr_assert(readme);
    cr_expect(strstr(readme, "](frontend/screenshot.png)"));
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        char full[512];
        struct stat status;
        snprintf(full, sizeof(full), "%s/%s", LATCHKEY_SOURCE_DIR, files[i]);
        cr_assert_eq(stat(full, &status), 0, "%s is not there", files[i]);
        if (i > 0)
            cr_expect(status.st_mode & S_IXUSR, "%s cannot be run", files[i]);
    }
    free(readme);
}
