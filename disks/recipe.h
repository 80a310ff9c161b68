/* SPDX-License-Identifier: GPL-2.0-or-later */
/* recipe.h - the readable description that an image is made from.
 *
 * A recipe is lines of words. '#' starts a comment. Sizes take K, M or G; numbers may be 0x... .
 * Names are letters, digits, '_' and '-'. Things may be named before they are described.
 *
 *   store LABEL nodes N pages N [area BLOCKS] [seed N]     once; N counts objects, used or free
 *
 *   segment NAME zero SIZE                                 pages of zeros, writable
 *   segment NAME file PATH [SIZE]                          a file's bytes, zero-padded (to SIZE)
 *   node NAME {                                            a node with keys in its slots
 *       SLOT = KEY
 *   }
 *   domain NAME {
 *       program PATH                                       ELF executable: pages from its segments
 *       stack SIZE                                         below 0x40000000, sp at its end; 16K if
 *                                                          not said
 *       map SEGMENT at ADDR [read-only]                    ADDR a multiple of the segment's span
 *       key SLOT = KEY                                     general slot 0..15
 *       keeper = KEY                                       domain keeper, usually a start key
 *       symbols = KEY                                      root slot 10
 *       priority N                                         0..7, 0 if not said
 *       argument N V                                       register aN at the start, N 0..7
 *       run                                                it runs from the start; else it is
 *                                                          available
 *   }
 *
 *   KEY  number N | zero | start DOMAIN [BYTE] | domain DOMAIN | node NAME | fetch NAME | sense
 *        NAME | segment NAME [read-only] | page SEGMENT INDEX [read-only] | meter | timer | console
 *        | display | input keyboard|pointer|both | power | discrim | returner | compare
 *
 * Paths are relative to the recipe's folder, or, when not found there, to the present folder.
 */
#ifndef LATCHKEY_DISKS_RECIPE_H
#define LATCHKEY_DISKS_RECIPE_H

#include <stdint.h>

#include "emulator/base/error.h"

#define RECIPE_NAME_BYTES 32u
#define RECIPE_PATH_BYTES 512u
#define RECIPE_SEGMENTS_MAX 64u
#define RECIPE_NODES_MAX 64u
#define RECIPE_DOMAINS_MAX 64u
#define RECIPE_MAPS_MAX 8u
#define RECIPE_FILE_BYTES_MAX (1u << 20)

/* Which kind of thing a key's name refers to. */
enum recipe_target { TARGET_NONE, TARGET_DOMAIN, TARGET_NODE, TARGET_SEGMENT };

struct recipe_key {
    uint8_t type; /* enum key_type; a recipe without this key holds KEY_DATA 0 */
    uint8_t data_byte;
    uint8_t target; /* enum recipe_target */
    char name[RECIPE_NAME_BYTES];
    uint64_t number; /* of a data key; page index */
    unsigned line;   /* 0: not given */
};

struct recipe_segment {
    char name[RECIPE_NAME_BYTES];
    char path[RECIPE_PATH_BYTES]; /* empty: zeros */
    uint64_t size_bytes;          /* 0: the file's */
    unsigned line;
};

struct recipe_node {
    char name[RECIPE_NAME_BYTES];
    struct recipe_key slots[16];
    unsigned line;
};

struct recipe_map {
    char segment[RECIPE_NAME_BYTES];
    uint64_t addr;
    bool read_only;
    unsigned line;
};

struct recipe_domain {
    char name[RECIPE_NAME_BYTES];
    char program[RECIPE_PATH_BYTES];
    uint64_t stack_bytes;
    struct recipe_map maps[RECIPE_MAPS_MAX];
    unsigned map_count;
    struct recipe_key slots[16];
    struct recipe_key keeper, symbols;
    uint64_t arguments[8];
    unsigned priority;
    bool run;
    unsigned line;
};

struct recipe {
    char path[RECIPE_PATH_BYTES]; /* of the recipe itself, for messages */
    char label[RECIPE_NAME_BYTES];
    uint64_t node_count, page_count, area_blocks, seed;
    struct recipe_segment segments[RECIPE_SEGMENTS_MAX];
    struct recipe_node nodes[RECIPE_NODES_MAX];
    struct recipe_domain domains[RECIPE_DOMAINS_MAX];
    unsigned segment_count, node_count_named, domain_count;
    unsigned line; /* of the store line; 0: none yet */
};

/* recipe_read - read a recipe file. recipe is large: allocate it.
 *
 * Errors   ERROR_IO the file; ERROR_FORMAT "FILE:LINE: what is wrong", the first mistake only.
 */
MUST_CHECK bool recipe_read(struct recipe *recipe, const char *path, struct error *error);
/* recipe_parse - the same from text in memory; path is used in messages and for relative paths. */
MUST_CHECK bool recipe_parse(struct recipe *recipe, const char *path, const char *text,
                             struct error *error);

#endif
