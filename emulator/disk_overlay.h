/* SPDX-License-Identifier: GPL-2.0-or-later */
/* disk_overlay.h - what was written over an image that stays as it is: an append-only file of
 * packed clusters.
 */
#ifndef LATCHKEY_EMULATOR_DISK_OVERLAY_H
#define LATCHKEY_EMULATOR_DISK_OVERLAY_H

#include <stddef.h>
#include <stdint.h>

#include "emulator/base/error.h"

struct disk_overlay;

/* How the overlay reads the image below it (disk_store.read's shape). */
typedef bool (*overlay_base_read)(void *context, uint64_t sector, void *target,
                                  size_t sector_count);

/* overlay_open - open or make an overlay for an image of sector_count sectors.
 *
 * base_read, context   read the image; called here and from overlay_write().
 * Errors               ERROR_IO cannot be opened, or in use; ERROR_FORMAT not an overlay, or of
 *                      another image. A torn end is cut off: what was synced is kept.
 */
MUST_CHECK bool overlay_open(struct disk_overlay **overlay, const char *path,
                             uint64_t sector_count, overlay_base_read base_read, void *context,
                             struct error *error);
/* overlay_close - sync, close, free. Returns false when the sync failed: changes since the last are
 * lost. */
bool overlay_close(struct disk_overlay *overlay);
/* overlay_read - lay what the overlay has over sectors that were read from the image. */
MUST_CHECK bool overlay_read(struct disk_overlay *overlay, uint64_t sector, void *target,
                             size_t sector_count);
MUST_CHECK bool overlay_write(struct disk_overlay *overlay, uint64_t sector, const void *source,
                              size_t sector_count);
/* overlay_sync - append what changed and a commit mark, and fdatasync. */
MUST_CHECK bool overlay_sync(struct disk_overlay *overlay);

#endif
