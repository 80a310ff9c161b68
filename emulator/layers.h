/* SPDX-License-Identifier: GPL-2.0-or-later */
/* layers.h - a disk's media that remember: what was written lies over the image in memory, each
 * write as a layer of its own, so that the media can go back to what they were, and forward again.
 *
 * Used by timeline.c and timeline_keep.c, which go back and forth, and replay.c and history.c,
 * which make them.
 *
 * Invariants
 *  1. What is read is the image with the layers up to the present one.
 *  2. Nothing is ever written to the image below, but by layers_settle(), and by live ones
 *     (layers_create_live()) while they are attached: the image is then what they are.
 *  3. Writes repeat themselves: after going back, the n-th write is the n-th write of before, until
 *     layers_forget().
 */
#ifndef LATCHKEY_EMULATOR_LAYERS_H
#define LATCHKEY_EMULATOR_LAYERS_H

#include "devices/disk.h"
#include "emulator/base/error.h"

struct layers;

/* Where the media are. */
struct layers_place {
    uint64_t writes, operations; /* operations: reads, writes and syncs, for refused[] */
};

/* layers_create - media over `below`, which must outlive them.
 *
 * below    NULL: zeros.
 */
struct layers *layers_create(const struct disk_store *below, uint64_t sector_count,
                             bool read_only);
/* layers_create_live - media over an image that is to hold what they hold: what is written to them
 * is written to the image, and what was there is kept. Attached at first. */
struct layers *layers_create_live(const struct disk_store *image);
/* layers_detach - from now on the image stays as it is: the media go elsewhere for a while. Nothing
 * for those that are not live. */
void layers_detach(struct layers *layers);
/* layers_attach - here they stay: layers_branch(), the image is made what the media are, and
 * follows them again. For those that are not live only layers_branch().
 *
 * Returns  false when the host refused: the image may be neither what it was nor what it should.
 */
MUST_CHECK bool layers_attach(struct layers *layers);
/* layers_renewal - list (renewal.h) what layers_attach() would write. false: the host refused. */
MUST_CHECK bool layers_renewal(const struct layers *layers, struct byte_writer *list);
void layers_destroy(struct layers *layers); /* NULL is fine */
const struct disk_store *layers_store(const struct layers *layers);
/* layers_under - what is on the media, whatever is below, before the first write. */
void layers_under(struct layers *layers, uint64_t sector, const uint8_t *data,
                  size_t sector_count);
/* layers_refuse - the operation with this number fails, as one did on the host. In rising order. */
void layers_refuse(struct layers *layers, uint64_t operation);
/* layers_refused - the operation that was refused as number `index`. false: there are not so many.
 */
bool layers_refused(const struct layers *layers, size_t index, uint64_t *operation);

/* layers_read_at - what is on the media after so many writes, which is no operation of theirs. From
 * places that layers_thin() may have forgotten it is not to be asked. false: the host refused. */
MUST_CHECK bool layers_read_at(const struct layers *layers, uint64_t writes, uint64_t sector,
                               void *target, size_t sector_count);

/* layers_place - the present one. layers_go - to one that was the present one. */
struct layers_place layers_place(const struct layers *layers);
void layers_go(struct layers *layers, struct layers_place place);
/* layers_forget - what was written after the present place was never written. layers_branch - and
 * no later operation is refused. */
void layers_forget(struct layers *layers);
void layers_branch(struct layers *layers);

/* layers_sectors - every sector that lies over what is below, at whatever place, in rising order;
 * the caller frees them. */
uint64_t *layers_sectors(const struct layers *layers, size_t *count);

/* layers_settle - write what is on the media now, and was written by now, to a store that holds
 * what is below: an image that a history is to leave behind. Not what layers_under() put there.
 *
 * Returns  false when the host refused.
 */
MUST_CHECK bool layers_settle(const struct layers *layers, const struct disk_store *target);

#define LAYERS_BLOCK 1024u
/* layers_write - all that is kept of what was written, as bytes: u32 count; of each u64 sector, u64
 * number of its write, and the sector. In packed blocks of at most LAYERS_BLOCK. layers_read - what
 * was written so, beside what is here.
 *
 * Errors   ERROR_FORMAT it is damaged, or of a smaller disk.
 */
void layers_write(const struct layers *layers, struct byte_writer *writer);
MUST_CHECK bool layers_read(struct layers *layers, struct byte_reader *reader,
                            struct error *error);

/* layers_bytes - of memory. */
size_t layers_bytes(const struct layers *layers);
/* layers_thin - forget what is seen from none of these places, which must rise, nor from the
 * present one: going on from one of them writes it again. What was there before the run goes when
 * the first of them no longer sees it. */
void layers_thin(struct layers *layers, const struct layers_place *places, size_t count);

#endif
