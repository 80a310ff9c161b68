/* SPDX-License-Identifier: GPL-2.0-or-later */
/* domain_names.c - see domain_names.h. */
#include "emulator/domain_names.h"

#define SECTORS (BLOCK_BYTES / DISK_SECTOR_BYTES) /* of a block */

void domain_names_read(const struct machine *machine, struct names *names)
{
    const struct disk_store *media;
    *names = (struct names){.count = 0};
    for (unsigned i = 0; (media = machine_media(machine, i)) != NULL; i++) {
        struct names_block block;
        uint64_t at = names_at(media->sector_count / SECTORS);
        if (at && disk_store_peek(media, at * SECTORS, &block, SECTORS) &&
            names_read(names, &block))
            return;
    }
}
