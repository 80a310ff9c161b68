/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_write.h - one write of a logged run, for people: where it went, what it held, and who in
 * the kernel sent it.
 *
 * Used by campaign_minimise.c. Calls the machine, disks/ for what a block is, and the call frame
 * information of the kernel's file.
 */
#ifndef LATCHKEY_EMULATOR_CAMPAIGN_WRITE_H
#define LATCHKEY_EMULATOR_CAMPAIGN_WRITE_H

#include "emulator/campaign_unit.h"

#define CAMPAIGN_HOLDS_BYTES 80u
#define CAMPAIGN_CALLERS_BYTES 200u

enum campaign_fate { WRITE_SURVIVED, WRITE_LOST, WRITE_TORN };

struct campaign_write {
    bool known;   /* the others are filled in */
    uint8_t fate; /* enum campaign_fate: what of it matters */
    uint8_t disk;
    uint64_t sector;
    uint32_t sector_count;
    uint64_t instructions; /* when it was sent: the access to the disk's doorbell */
    uint64_t pc;           /* of that access */
    char holds[CAMPAIGN_HOLDS_BYTES];
    char callers[CAMPAIGN_CALLERS_BYTES]; /* the function of pc, and who called it; "": unknown */
};

/* campaign_write_describe - runs the machine in children of this process, up to the doorbell.
 *
 * record   RECORD_ENTERED, of the level's log.
 * write    in and out: its fate stays as it is.
 * Errors   ERROR_IO the host; ERROR_FORMAT the run is not the one that was logged.
 */
MUST_CHECK bool campaign_write_describe(struct campaign_machine *machine,
                                        const struct campaign_level *level,
                                        const struct campaign_record *record,
                                        struct campaign_write *write, struct error *error);

/* campaign_write_holds - what is at this place of a disk, by the header of its volume: "checkpoint
 * header 1, plex 0, generation 4", "pages 17..21, plex 0", ...
 *
 * data     what was written there, from the first sector on.
 */
void campaign_write_holds(const struct campaign_images *images, unsigned disk, uint64_t sector,
                          uint32_t sector_count, const uint8_t *data,
                          char holds[CAMPAIGN_HOLDS_BYTES]);

#endif
