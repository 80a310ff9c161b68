/* SPDX-License-Identifier: GPL-2.0-or-later */
/* recipe.h - the readable description that an image is made from.
 *
 * A recipe is lines of words. '#' starts a comment. Numbers are decimal or 0x... ; sizes may end in
 * K, M or G. Names are letters, digits, '_' and '-'. Things may be named before they are described,
 * except a segment inside another.
 *
 *   store LABEL nodes N pages N     once; N counts objects, used or free. Then, in any order:
 *       [area BLOCKS]               of each of the two checkpoint areas; 256 if not said
 *       [journal BLOCKS]            of the ring of journalled pages; 64 if not said
 *       [volumes N] [mirror]        1..4 files; mirror: pages have two homes too, and areas and
 *                                   journal on two of several volumes
 *       [seed N]                    makes stores with the same content different stores
 *
 *   segment NAME zero SIZE [read-only]
 *   segment NAME file PATH [SIZE] [read-only]    a file's bytes, then zeros (to SIZE)
 *   segment NAME sparse SIZE {                   parts; there is nothing between them
 *       zero SIZE at OFFSET [read-only]
 *       file PATH [SIZE] at OFFSET [read-only]
 *       segment NAME at OFFSET [read-only]       described before; OFFSET a multiple of its span
 *       keeper = KEY                             called when a domain touches what is not there
 *   }
 *   node NAME {                                  a node with keys in its slots
 *       SLOT = KEY
 *   }
 *   domain NAME {
 *       program PATH                             ELF executable: pages from its segments
 *       stack SIZE                               ends at 0x40000000, as sp; 16K if not said
 *       map SEGMENT at ADDR [read-only]          ADDR a multiple of the segment's span
 *       key SLOT = KEY                           general slot 0..15
 *       keeper = KEY                             domain keeper, usually a start key
 *       meter = KEY                              the prime meter if not said
 *       symbols = KEY                            root slot 10
 *       brand = KEY                              root slot 0, for the domain tool
 *       priority N                               0..7, 0 if not said
 *       argument N V                             register aN at the start, N 0..7
 *       register NAME V                          any but sp, by its name in the RISC-V ABI
 *       run                                      runs from the start; else it is available
 *   }
 *
 *   KEY  number N | zero | start DOMAIN [BYTE] | domain DOMAIN | node NAME | fetch NAME
 *        | sense NAME | front-end NAME | segment NAME [read-only] | page SEGMENT INDEX [read-only]
 *        | meter [NODE] | timer | console | display | input keyboard | input pointer | input both
 *        | power | discrim | returner | compare | data-creator | domain-tool | peek
 *        | checkpoint | journal | error-log | range nodes [FIRST N] | range pages [FIRST N]
 *
 * A segment spans 4K if it is one page, else 64K, 1M, 16M ..., the least that holds it. INDEX
 * counts the segment's own pages in the order described. A range is of the nodes or pages that the
 * recipe leaves free: all of them, or N from the FIRST-th on, counted from 0. Paths are relative to
 * the recipe's folder, or, when not found there, to the present folder.
 */
#ifndef LATCHKEY_DISKS_RECIPE_H
#define LATCHKEY_DISKS_RECIPE_H

#include <stdint.h>

#include "disks/format.h"
#include "emulator/base/error.h"

#define RECIPE_NAME_BYTES NAME_BYTES
#define RECIPE_PATH_BYTES 512u
#define RECIPE_SEGMENTS_MAX 64u
#define RECIPE_PARTS_MAX 128u /* of all segments together */
#define RECIPE_NODES_MAX 64u
#define RECIPE_DOMAINS_MAX 64u /* each has a name on the volume */
#define RECIPE_MAPS_MAX 8u
#define RECIPE_FILE_BYTES_MAX (1u << 20)
#define RECIPE_REGISTERS 32u

/* Where something is said. line 0: nowhere. */
struct recipe_place {
    unsigned line, column; /* from 1 */
};

/* Which kind of thing a key's name refers to. */
enum recipe_target { TARGET_NONE, TARGET_DOMAIN, TARGET_NODE, TARGET_SEGMENT };

struct recipe_key {
    uint8_t type; /* enum key_type; a slot that the recipe does not fill holds KEY_DATA 0 */
    uint8_t data_byte;
    uint8_t target; /* enum recipe_target */
    char name[RECIPE_NAME_BYTES];
    uint64_t number; /* of a data key; page index; first of a range */
    uint64_t count;  /* of a range; 0: all that are free */
    struct recipe_place place;
};

enum recipe_part_kind { PART_ZERO, PART_FILE, PART_SEGMENT };
struct recipe_part {
    enum recipe_part_kind kind;
    char path[RECIPE_PATH_BYTES]; /* of PART_FILE */
    char name[RECIPE_NAME_BYTES]; /* of PART_SEGMENT */
    uint64_t size_bytes;          /* 0: the file's; unused for PART_SEGMENT */
    uint64_t offset;
    bool read_only;
    struct recipe_place place;
};

struct recipe_segment {
    char name[RECIPE_NAME_BYTES];
    unsigned part_first, part_count; /* in recipe.parts */
    uint64_t sparse_bytes;           /* 0: one part, and as large as it */
    struct recipe_key keeper;
    struct recipe_place place;
};

struct recipe_node {
    char name[RECIPE_NAME_BYTES];
    struct recipe_key slots[16];
    struct recipe_place place;
};

struct recipe_map {
    char segment[RECIPE_NAME_BYTES];
    uint64_t addr;
    bool read_only;
    struct recipe_place place;
};

struct recipe_domain {
    char name[RECIPE_NAME_BYTES];
    char program[RECIPE_PATH_BYTES];
    uint64_t stack_bytes;
    struct recipe_map maps[RECIPE_MAPS_MAX];
    unsigned map_count;
    struct recipe_key slots[16];
    struct recipe_key keeper, meter, symbols, brand;
    uint64_t registers[RECIPE_REGISTERS]; /* x0 is not used */
    unsigned priority;
    bool run;
    struct recipe_place place, program_place, stack_place, priority_place;
};

struct recipe {
    char path[RECIPE_PATH_BYTES]; /* of the recipe itself, for messages */
    char label[RECIPE_NAME_BYTES];
    uint64_t node_count, page_count, area_blocks, journal_blocks, seed, volume_count;
    bool mirror;
    struct recipe_segment segments[RECIPE_SEGMENTS_MAX];
    struct recipe_part parts[RECIPE_PARTS_MAX];
    struct recipe_node nodes[RECIPE_NODES_MAX];
    struct recipe_domain domains[RECIPE_DOMAINS_MAX];
    unsigned segment_count, part_count, node_count_named, domain_count;
    struct recipe_place place; /* of the store line */
};

/* recipe_read - read a recipe file.
 *
 * recipe   out; large: allocate it.
 * Errors   ERROR_IO the file; ERROR_FORMAT "FILE:LINE:COLUMN: what is wrong", the first mistake.
 */
MUST_CHECK bool recipe_read(struct recipe *recipe, const char *path, struct error *error);
/* recipe_parse - the same from text in memory; path is used in messages and for relative paths. */
MUST_CHECK bool recipe_parse(struct recipe *recipe, const char *path, const char *text,
                             struct error *error);

/* recipe_fail - say what is wrong at a place of the recipe. Returns false. */
bool recipe_fail(const struct recipe *recipe, struct recipe_place place, struct error *error,
                 const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
