/* SPDX-License-Identifier: GPL-2.0-or-later */
/* format.h - every byte of a volume. Shared by the kernel and the tools; constants, structs and
 * what is reckoned from constants.
 *
 * A volume is a raw image of 4096-byte blocks. A store is one or more volumes with the same store
 * id.
 *
 *   block 0               struct volume_header        (copy in the last block)
 *   checkpoint headers    2 places in 2 plexes, one block each; only the first 512 bytes are used,
 *                         so that writing one is writing one sector: that of plex 0 is the commit
 *                         point; plex 1 follows when it is durable
 *   checkpoint areas      area 0 and area 1: pages, node pots and directory blocks, in log order.
 *                         Each may be spread over several ranges. Before the second copy of the
 *                         directory are shadows of pots (SHADOW_BLOCKS)
 *   journal               a ring of blocks: groups of pages committed one by one, each group
 *                         behind a block that lists it
 *   node range            node pots, 15 nodes each; always two ranges with the same objects
 *                         (duplexed homes)
 *   page pots             allocation counts and checksums of pages, 255 pages a pot; always
 *                         duplexed
 *   page range            pages, nothing else: block = start + (oid - first); one home or two
 *
 * The range table in the header says where each is; nothing is at a fixed place but block 0, the
 * last, and before that a block in no range: struct names_block, which only tools read, and on
 * which nothing in the store depends.
 *
 * A stream is a volume that is no part of its store's contents: a ring of slots, one a generation,
 * each with what that checkpoint wrote, and what was journalled after it. The kernel writes it if
 * it is there, and never reads it. A standby, which is a copy of the store as of one generation, is
 * brought to the next by each slot (disks/apply.h).
 *
 * Rules
 *  1. Little-endian. Reserved bytes are zero. A reader refuses what it does not know.
 *  2. Every block except a page carries its own checksum and the 64-bit generation that wrote it; a
 *     page's checksum is in its pot (at home) or in its directory entry (in an area). Checksums are
 *     seeded with the block's identity, so that a block that was written elsewhere does not pass
 *     (checksum.h).
 *  3. Pages and nodes have separate object id spaces of 48 bits. Id 0 is never used.
 *  4. Allocation counts rise when an object is rescinded; a key whose count differs is void. Call
 *     counts do the same for resume keys. They never wrap: an object whose allocation count is
 *     ALLOCATION_COUNT_MAX is retired, no key to it is made again; a root node whose call count has
 *     reached CALL_COUNT_MAX is no domain's any more. (A domain called 10^8 times a second gets
 *     there in 2,900 years, and a kernel that has the domain in its cache counts on from there.)
 *  5. A header copy or a plex that fails its checksum is ignored while the other is good.
 *  6. A plex on a disk that is not in step is not read (struct ckpt_header).
 *
 * What a store means: its homes, overlaid by the directory of the newest good checkpoint header,
 * overlaid by the journal from where that header says on.
 */
#ifndef LATCHKEY_DISKS_FORMAT_H
#define LATCHKEY_DISKS_FORMAT_H

#include <assert.h>
#include <stdint.h>

#define FORMAT_VERSION 2u
#define BLOCK_BYTES 4096u
#define SECTOR_BYTES 512u
#define OBJECT_ID_BITS 48u
#define OBJECT_ID_MAX ((1ull << OBJECT_ID_BITS) - 1)
#define ALLOCATION_COUNT_MAX ((1ull << 56) - 1) /* what a page pot has room for */
#define CALL_COUNT_MAX (1ull << 63)
#define OBJECT_ID_PRIME_METER 1u /* node: root of all meters */
#define OBJECT_ID_FIRST 16u      /* first id that a recipe gives out; lower ones are reserved */

/* A key, 16 bytes. Types and data bytes: kernel/abi.h. */
struct disk_key {
    uint8_t type;
    uint8_t data_byte;
    uint8_t object_id[6]; /* or bytes 0..5 of a data key */
    /* allocation count; call count for KEY_RESUME; or bytes 6..13 of a data key */
    uint64_t count;
};
static_assert(sizeof(struct disk_key) == 16, "disk key");

struct disk_node {
    uint64_t allocation_count;
    uint64_t call_count;
    struct disk_key slots[16];
};
static_assert(sizeof(struct disk_node) == 272, "disk node");

#define POT_NODES 15u
struct node_pot {
    /* At home: seeded with the id of its first node and CHECKSUM_NODE_POT. In an area, where any
     * nodes may be together: with its area id and CHECKSUM_AREA_POT; the generation is then that of
     * the checkpoint. */
    uint64_t checksum;
    uint8_t generation[6];
    uint16_t reserved;
    struct disk_node nodes[POT_NODES];
};
static_assert(sizeof(struct node_pot) == BLOCK_BYTES, "node pot");

#define POT_PAGES 255u
struct page_pot_entry {
    uint64_t count_and_flags; /* bits 0..55 allocation count; bits 56..63 flags */
    uint64_t checksum;        /* of the page, seeded with its id and CHECKSUM_PAGE */
};
#define PAGE_POT_FLAGS_SHIFT 56u
#define PAGE_POT_COUNT(entry) ((entry)->count_and_flags & ((1ull << PAGE_POT_FLAGS_SHIFT) - 1))
#define PAGE_POT_FLAGS(entry) ((entry)->count_and_flags >> PAGE_POT_FLAGS_SHIFT)
#define PAGE_POT_ZERO 1u /* flag: the page is all zero and its home block holds anything */
struct page_pot {
    uint64_t checksum; /* seeded with the id of its first page and CHECKSUM_PAGE_POT */
    uint8_t generation[6];
    uint16_t reserved;
    struct page_pot_entry pages[POT_PAGES];
};
static_assert(sizeof(struct page_pot) == BLOCK_BYTES, "page pot");

enum range_kind {
    RANGE_NODES = 1,      /* first_id, object_count: block = start + (id - first) / POT_NODES */
    RANGE_PAGES = 2,      /* block = start + (id - first) */
    RANGE_PAGE_POTS = 3,  /* block = start + (id - first) / POT_PAGES */
    RANGE_CKPT_HEADER = 4, /* first_id: place 0 or 1; one block, and one object */
    RANGE_CKPT_AREA = 5,  /* block = start + (id - first); first_id: an AREA_ID */
    RANGE_SPARE = 6,
    RANGE_JOURNAL = 7,    /* block = start + (id - first); ids are block numbers of the ring */
    /* object_count: blocks of a slot; slots follow each other. Generation g is in slot g modulo
     * their number: its header in the first sector, then block n of its area in block 1 + n. The
     * header comes when all else is durable, in the store too. From block first_id of the slot on
     * is the ring of the journal, with what was written to it while g was the newest. */
    RANGE_STREAM = 8
};
#define RANGE_KIND_LAST RANGE_STREAM
#define STREAM_SLOTS_MIN 2u
#define STREAM_SLOTS_MAX 65536u
#define RANGE_HOMES_LAST RANGE_PAGE_POTS /* those up to here hold objects, or describe them */
struct volume_range {
    uint8_t kind; /* enum range_kind */
    uint8_t plex; /* 0 or 1: which copy of the same objects */
    uint8_t reserved[6];
    uint64_t first_id;
    uint64_t object_count;
    uint64_t start_block;
    uint64_t block_count;
};
static_assert(sizeof(struct volume_range) == 40, "range");

/* range_objects_per_block - how many objects a block of this kind of range describes. */
static inline uint64_t range_objects_per_block(uint8_t kind)
{
    if (kind == RANGE_NODES)
        return POT_NODES;
    if (kind == RANGE_PAGE_POTS)
        return POT_PAGES;
    return 1;
}

/* An area id: a block of a checkpoint area, without saying which disk it is on; 0 is none. */
#define AREA_ID_SHIFT 40u
#define AREA_ID(area, index) (((uint64_t)(area) + 1) << AREA_ID_SHIFT | (index))
#define AREA_ID_AREA(id) ((unsigned)((id) >> AREA_ID_SHIFT) - 1)
#define AREA_ID_INDEX(id) ((id) & ((1ull << AREA_ID_SHIFT) - 1))

/* Blocks of an area before the second copy of its directory. While a checkpoint is brought home and
 * a pot has but one copy in step, the pot is in one of them, as it will be at home, before that is
 * written. It stands for a copy that is bad if its generation is that of the newest header. */
#define SHADOW_BLOCKS 32u
#define SHADOW_ID(directory_copy) ((directory_copy) - SHADOW_BLOCKS)

/* A location: a block of the store. Bits 0..55: block number on its volume; 56..63: disk index. */
#define LOCATION_DISK_SHIFT 56u
#define LOCATION(disk, block) ((uint64_t)(disk) << LOCATION_DISK_SHIFT | (block))
#define LOCATION_DISK(location) ((unsigned)((location) >> LOCATION_DISK_SHIFT))
#define LOCATION_BLOCK(location) ((location) & ((1ull << LOCATION_DISK_SHIFT) - 1))

#define VOLUME_MAGIC "LATCHKEY"
#define VOLUME_RANGES_MAX 64u
#define VOLUME_DISKS_MAX 4u
#define VOLUME_STREAM VOLUME_DISKS_MAX /* disk index of a stream, which the store does not count */
struct volume_header {
    uint64_t checksum; /* of bytes 8..4095, seeded with CHECKSUM_VOLUME */
    uint8_t magic[8];
    uint32_t version;
    uint32_t range_count;
    uint8_t store_id[16];  /* equal on all volumes of a store */
    uint8_t disk_index;    /* of this volume, 0..disk_count-1, or VOLUME_STREAM */
    uint8_t disk_count;
    uint8_t reserved_0[6];
    uint64_t block_count;  /* of this volume */
    uint64_t generation;   /* that last changed this header */
    uint8_t label[32];     /* text, zero-padded */
    struct volume_range ranges[VOLUME_RANGES_MAX];
    uint8_t reserved_1[4096 - 96 - 40 * 64];
};
static_assert(sizeof(struct volume_header) == BLOCK_BYTES, "volume header");

/* Checkpoint directory: what the committed area holds, and which domains were running. Two copies
 * in the area, far apart. */
enum directory_kind {
    DIRECTORY_PAGE = 1,      /* location: area id of its block */
    DIRECTORY_NODE = 2,      /* location: area id of its pot; index in the pot */
    DIRECTORY_ZERO_PAGE = 3, /* all zero: no block */
    DIRECTORY_RUNNING = 4    /* id of the root node of a domain that was running; nothing else */
};
#define DIRECTORY_DEVICE_WAIT 1u /* index of a RUNNING entry: the domain waited for a device */
struct directory_entry {
    uint8_t kind; /* enum directory_kind */
    uint8_t index;
    uint8_t object_id[6];
    uint64_t allocation_count;
    uint64_t checksum_or_calls; /* page: checksum; node: call count */
    uint64_t location;
};
static_assert(sizeof(struct directory_entry) == 32, "directory entry");

#define DIRECTORY_ENTRIES 127u
struct directory_block {
    uint64_t checksum; /* seeded with generation and CHECKSUM_DIRECTORY */
    uint64_t generation;
    uint32_t sequence; /* 0, 1, ... within the directory */
    uint32_t entry_count;
    uint64_t next_block; /* area id; 0: last */
    struct directory_entry entries[DIRECTORY_ENTRIES];
};
static_assert(sizeof(struct directory_block) == BLOCK_BYTES, "directory block");

#define CKPT_MAGIC "LKCHECKP"
#define CKPT_PLACE(generation) (((generation) + 1) % 2) /* the first, 1, is at place 0 */
struct ckpt_header {
    uint64_t checksum; /* of bytes 8..511, seeded with the generation and CHECKSUM_CKPT_HEADER */
    uint8_t magic[8];
    uint32_t version;
    uint32_t area;          /* 0 or 1: where this checkpoint lies */
    uint64_t generation;    /* 1, 2, ...; the valid header with the highest wins */
    uint64_t directory_block[2]; /* area id of each copy's first */
    uint64_t directory_blocks;   /* in each copy */
    uint64_t directory_entries;
    uint64_t journal_block; /* where the next group would have gone at the freeze */
    uint64_t journal_sequence; /* and the number it would have had */
    uint64_t system_time_ns; /* of the freeze, so that time never goes back */
    uint64_t calendar_ns;
    uint64_t migrated_generation; /* everything up to here is at home */
    uint64_t restart_count;  /* of the life of the system that wrote this: 1, 2, ... */
    /* Bit n: what disk n holds is up to date; else what is on disks that are up to date too is not
     * read before it was copied anew from there. What is nowhere else is read if all disks that
     * were up to date are there: while its disk was away, what changed stayed in the checkpoint.
     * Bit VOLUME_STREAM: the stream got all of this generation. */
    uint64_t disks_in_step;
    uint64_t disks_known; /* bit n: disk n was part of the store */
    uint8_t reserved[512 - 128];
};
static_assert(sizeof(struct ckpt_header) == SECTOR_BYTES, "checkpoint header");

/* A group of the journal: this block, then its pages in the next blocks of the ring. A group never
 * wraps: one that does not fit before the end of the ring begins at block 0. Replay begins where
 * the checkpoint header says; the next group is there or at block 0, and has the next sequence. It
 * counts if all its pages pass their checksums, its generation is no later than the header's and
 * its restart count no less than that of the group before; a later group wins over an earlier. */
#define JOURNAL_ENTRIES 64u
#define JOURNAL_BLOCKS_MIN 16u
struct journal_entry {
    uint64_t object_id;
    uint64_t allocation_count;
    uint64_t checksum; /* of the page, seeded with its id and CHECKSUM_PAGE */
};
struct journal_block {
    uint64_t checksum; /* seeded with the sequence and CHECKSUM_JOURNAL */
    uint64_t sequence; /* 1, 2, ... for ever */
    uint64_t generation; /* the newest that was committed then */
    uint64_t restart_count;
    uint32_t entry_count; /* 1..JOURNAL_ENTRIES */
    uint32_t reserved_0;
    struct journal_entry entries[JOURNAL_ENTRIES];
    uint8_t reserved_1[BLOCK_BYTES - 40 - 24 * JOURNAL_ENTRIES];
};
static_assert(sizeof(struct journal_block) == BLOCK_BYTES, "journal block");

/* What the domains of a recipe are called, for people (names.h). In every volume that was made from
 * one, in the block before the last. */
#define NAMES_MAGIC "LKNAMES" /* and a zero */
#define NAMES_FROM_END 2u
#define NAME_BYTES 32u
#define NAMES_MAX 101u
struct names_entry {
    uint64_t object_id; /* of the domain's root node; ascending */
    char name[NAME_BYTES]; /* text, zero-padded, and with a zero at the end */
};
struct names_block {
    uint64_t checksum; /* seeded with CHECKSUM_NAMES */
    uint8_t magic[8];
    uint32_t count;
    uint32_t reserved_0;
    struct names_entry entries[NAMES_MAX];
    uint8_t reserved_1[BLOCK_BYTES - 24 - 40 * NAMES_MAX];
};
static_assert(sizeof(struct names_block) == BLOCK_BYTES, "names block");

/* Seeds of checksums, one a kind of block. */
#define CHECKSUM_VOLUME 0x766f6c756d650001ull
#define CHECKSUM_NODE_POT 0x6e6f6465706f0002ull
#define CHECKSUM_PAGE_POT 0x70616765706f0003ull
#define CHECKSUM_PAGE 0x7061676500000004ull
#define CHECKSUM_DIRECTORY 0x6469726563740005ull
#define CHECKSUM_CKPT_HEADER 0x636b707468640006ull
#define CHECKSUM_AREA_POT 0x61726561706f0007ull
#define CHECKSUM_JOURNAL 0x6a6f75726e610008ull
#define CHECKSUM_NAMES 0x6e616d6573000009ull

#endif
