/* SPDX-License-Identifier: GPL-2.0-or-later */
/* names.c - the block of names. Called by make.c and image.c, which write it, by volume.c and
 * emulator/domain_names.c, which read it, and by all who show domains. Invariants: names.h. */
#include "disks/names.h"

#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "disks/checksum.h"

void names_add(struct names *names, uint64_t root_id, const char *name)
{
    assert(names->count < NAMES_MAX);
    assert(names->count == 0 || names->entries[names->count - 1].object_id < root_id);
    struct names_entry *entry = &names->entries[names->count++];
    *entry = (struct names_entry){.object_id = root_id};
    (void)snprintf(entry->name, NAME_BYTES, "%s", name);
}

static uint64_t sum(const struct names_block *block)
{
    return checksum64((const uint8_t *)block + 8, BLOCK_BYTES - 8, CHECKSUM_NAMES);
}

void names_write(const struct names *names, struct names_block *block)
{
    *block = (struct names_block){.count = names->count};
    memcpy(block->magic, NAMES_MAGIC, sizeof(block->magic));
    memcpy(block->entries, names->entries, names->count * sizeof(names->entries[0]));
    block->checksum = sum(block);
}

static bool name_good(const char *name)
{
    size_t length = strnlen(name, NAME_BYTES);
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)name[i]) && name[i] != '_' && name[i] != '-')
            return false;
    return length > 0 && length < NAME_BYTES;
}

bool names_read(struct names *names, const struct names_block *block)
{
    *names = (struct names){.count = 0};
    if (memcmp(block->magic, NAMES_MAGIC, sizeof(block->magic)) != 0 ||
        block->checksum != sum(block) || block->count > NAMES_MAX)
        return false;
    uint64_t last = 0;
    for (unsigned i = 0; i < block->count; i++) {
        const struct names_entry *entry = &block->entries[i];
        if (entry->object_id <= last || entry->object_id > OBJECT_ID_MAX || !name_good(entry->name))
            return false;
        last = entry->object_id;
    }
    names->count = block->count;
    memcpy(names->entries, block->entries, block->count * sizeof(block->entries[0]));
    return true;
}

uint64_t names_at(uint64_t block_count)
{
    return block_count > NAMES_FROM_END ? block_count - NAMES_FROM_END : 0;
}

const char *names_find(const struct names *names, uint64_t root_id)
{
    for (unsigned i = 0; i < names->count; i++)
        if (names->entries[i].object_id == root_id)
            return names->entries[i].name;
    return "";
}

void names_domain(const struct names *names, uint64_t root_id, char text[NAMES_DOMAIN_BYTES])
{
    const char *name = names_find(names, root_id);
    if (name[0])
        (void)snprintf(text, NAMES_DOMAIN_BYTES, "domain %" PRIu64 " (%s)", root_id, name);
    else
        (void)snprintf(text, NAMES_DOMAIN_BYTES, "domain %" PRIu64, root_id);
}
