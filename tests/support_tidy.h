/* SPDX-License-Identifier: GPL-2.0-or-later */
/* support_tidy.h - the house rules that a program can check, over one file or over the tree.
 *
 * The rules are listed in support_tidy.c, each with its name. tidy_test.c runs them over this
 * repository, and over planted violations.
 */
#ifndef LATCHKEY_TESTS_SUPPORT_TIDY_H
#define LATCHKEY_TESTS_SUPPORT_TIDY_H

#include <stdbool.h>
#include <stddef.h>

struct tidy_finding {
    char path[200]; /* from the repository root */
    unsigned line;
    char rule[24];
    char text[200];
};

struct tidy_panic {
    char id[16];
    char path[200];
    unsigned line;
};

struct tidy_path {
    char text[200]; /* from the repository root */
};

struct tidy {
    const char *root;        /* of the tree; tidy_file() alone does not need it */
    struct tidy_path *paths; /* files that includes and comments may name; none: any */
    size_t path_count, path_capacity;
    struct tidy_finding *findings;
    size_t finding_count, finding_capacity;
    struct tidy_panic *panics; /* every id seen, to find the second use */
    size_t panic_count, panic_capacity;
    size_t file_count;
};

/* tidy_path_add - a file that includes and comments may name. */
void tidy_path_add(struct tidy *tidy, const char *path);
/* tidy_file - check one file.
 *
 * path   from the repository root: it decides which rules hold.
 * text   NUL-terminated, length bytes.
 */
void tidy_file(struct tidy *tidy, const char *path, const char *text, size_t length);
/* tidy_tree - check every file that the rules know under tidy->root. false: root cannot be read. */
bool tidy_tree(struct tidy *tidy);
void tidy_finish(struct tidy *tidy);

#endif
