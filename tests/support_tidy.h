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

struct tidy {
    const char *root; /* where includes are looked up; NULL: includes are taken to exist */
    struct tidy_finding *findings;
    size_t finding_count, finding_capacity;
    struct tidy_panic *panics; /* every id seen, to find the second use */
    size_t panic_count, panic_capacity;
    size_t file_count;
};

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
