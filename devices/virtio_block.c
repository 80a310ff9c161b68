/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio_block.c - VIRTIO 1.2 section 5.2: requests of a driver become requests to a struct disk.
 *
 * Called by the bus and the machine through virtio_block_ops, and back by virtio.c and disk.c;
 * calls virtio.h and disk.h.
 *
 * Invariants
 *  1. A buffer taken from the queue is in a slot until it is given back; the slot's number is the
 *     tag of the disk request, and slots are at least as many as the disk takes.
 *  2. Exactly the slots that are busy have a request in the disk.
 *  3. The last writable byte of a buffer is the status byte; it is written when the request is
 *     over.
 */
#include "devices/virtio_block.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "devices/virtio.h"

#define BLOCK_DEVICE_ID 2u
#define BLOCK_CONFIG_BYTES 60u

/* Section 5.2.3: feature bits. */
#define BLOCK_F_SIZE_MAX ((uint64_t)1 << 1)
#define BLOCK_F_SEG_MAX ((uint64_t)1 << 2)
#define BLOCK_F_RO ((uint64_t)1 << 5)
#define BLOCK_F_BLK_SIZE ((uint64_t)1 << 6)
#define BLOCK_F_FLUSH ((uint64_t)1 << 9)
#define BLOCK_F_CONFIG_WCE ((uint64_t)1 << 11)
#define BLOCK_F_WRITE_ZEROES ((uint64_t)1 << 14)

/* Section 5.2.4: offsets in the configuration space. */
#define CONFIG_CAPACITY 0u
#define CONFIG_SIZE_MAX 8u
#define CONFIG_SEG_MAX 12u
#define CONFIG_BLK_SIZE 20u
#define CONFIG_WRITEBACK 32u
#define CONFIG_QUEUE_COUNT 34u
#define CONFIG_ZEROES_SECTORS 48u
#define CONFIG_ZEROES_SEGMENTS 52u

/* A driver that keeps to these two never makes a request of more than DISK_REQUEST_SECTORS_MAX. */
#define BLOCK_SEGMENTS_MAX 128u
#define BLOCK_SEGMENT_BYTES_MAX 16384u
static_assert(BLOCK_SEGMENTS_MAX * BLOCK_SEGMENT_BYTES_MAX ==
                  DISK_REQUEST_SECTORS_MAX * DISK_SECTOR_BYTES,
              "the limits promised in the configuration space");
static_assert(BLOCK_SEGMENTS_MAX + 2 <= VIRTIO_CHAIN_SEGMENTS_MAX, "header, data and status");

/* Section 5.2.6: requests. */
#define REQUEST_HEADER_BYTES 16u
#define REQUEST_IN 0u
#define REQUEST_OUT 1u
#define REQUEST_FLUSH 4u
#define REQUEST_GET_ID 8u
#define REQUEST_WRITE_ZEROES 13u
#define REQUEST_ID_BYTES 20u
#define REQUEST_RANGE_BYTES 16u /* of WRITE_ZEROES: sector, sector count, flags */
#define REQUEST_RANGE_UNMAP 1u
enum block_status { STATUS_OK = 0, STATUS_IOERR = 1, STATUS_UNSUPP = 2 };

struct block_slot {
    bool busy;
    bool zeroes; /* a WRITE_ZEROES: there is no data in the buffer */
    struct virtio_chain chain;
};

struct virtio_block {
    struct virtio virtio; /* first: virtio_read() and virtio_write() are given the whole */
    const struct disk_config *config;
    struct disk *disk;
    bool writeback; /* the driver's choice, with BLOCK_F_CONFIG_WCE */
    struct block_slot slots[DISK_PENDING_MAX];
};
static_assert(offsetof(struct virtio_block, virtio) == 0, "see struct virtio_block");

static uint64_t block_now_ns(const struct virtio_block *block)
{
    return block->virtio.env->now_ns(block->virtio.env->context);
}

static uint64_t block_features(const void *device)
{
    const struct virtio_block *block = device;
    uint64_t features = block->config->store->read_only ? BLOCK_F_RO : BLOCK_F_WRITE_ZEROES;
    return block->config->write_through ? features : features | BLOCK_F_FLUSH | BLOCK_F_CONFIG_WCE;
}

/* Section 5.2.5.1: without the FLUSH feature every write must be durable when it completes; with
 * CONFIG_WCE the driver chooses. */
static bool block_writes_are_durable(const struct virtio_block *block)
{
    if (!virtio_has_feature(&block->virtio, BLOCK_F_FLUSH))
        return true;
    return virtio_has_feature(&block->virtio, BLOCK_F_CONFIG_WCE) && !block->writeback;
}

static void block_config_read(const void *device, uint8_t *config)
{
    const struct virtio_block *block = device;
    store_u64(config + CONFIG_CAPACITY, block->config->store->sector_count);
    store_u32(config + CONFIG_SIZE_MAX, BLOCK_SEGMENT_BYTES_MAX);
    store_u32(config + CONFIG_SEG_MAX, BLOCK_SEGMENTS_MAX);
    store_u32(config + CONFIG_BLK_SIZE, DISK_SECTOR_BYTES);
    config[CONFIG_WRITEBACK] = block->writeback;
    store_u16(config + CONFIG_QUEUE_COUNT, 1);
    store_u32(config + CONFIG_ZEROES_SECTORS, DISK_REQUEST_SECTORS_MAX);
    store_u32(config + CONFIG_ZEROES_SEGMENTS, 1);
}

static void block_config_write(void *device, uint32_t offset, unsigned size_bytes, uint32_t value)
{
    struct virtio_block *block = device;
    if (offset != CONFIG_WRITEBACK || size_bytes != 1 ||
        !virtio_has_feature(&block->virtio, BLOCK_F_CONFIG_WCE))
        return;
    bool writeback = (value & 1) != 0;
    /* What is cached must not be less durable than what comes after (section 5.2.6.2). A refusal of
     * the host leaves it in the cache, and the next flush reports it. */
    if (block->writeback && !writeback)
        (void)disk_flush_now(block->disk);
    block->writeback = writeback;
}

/* The request in a slot is over: give its buffer back. A broken device writes nothing any more. */
static void block_end(struct virtio_block *block, uint32_t tag, enum block_status status)
{
    struct block_slot *slot = &block->slots[tag];
    assert(slot->busy);
    assert(slot->chain.write_bytes > 0);
    slot->busy = false;
    if (!virtio_is_live(&block->virtio))
        return;
    uint8_t byte = (uint8_t)status;
    uint32_t written_bytes = (uint32_t)slot->chain.write_bytes;
    if (!virtio_chain_write(&block->virtio, &slot->chain, written_bytes - 1, &byte, 1))
        virtio_break(&block->virtio);
    else
        virtio_chain_give(&block->virtio, &slot->chain, written_bytes);
}

static bool block_fetch(void *context, uint32_t tag, size_t offset_bytes, void *target,
                        size_t size_bytes)
{
    struct virtio_block *block = context;
    const struct block_slot *slot = &block->slots[tag];
    assert(slot->busy);
    if (slot->zeroes) {
        memset(target, 0, size_bytes);
        return true;
    }
    return virtio_chain_read(&block->virtio, &slot->chain, REQUEST_HEADER_BYTES + offset_bytes,
                             target, size_bytes);
}

static bool block_deliver(void *context, uint32_t tag, size_t offset_bytes, const void *source,
                          size_t size_bytes)
{
    struct virtio_block *block = context;
    assert(block->slots[tag].busy);
    return virtio_is_live(&block->virtio) &&
           virtio_chain_write(&block->virtio, &block->slots[tag].chain, offset_bytes, source,
                              size_bytes);
}

static void block_done(void *context, uint32_t tag, enum disk_status status)
{
    block_end(context, tag, status == DISK_OK ? STATUS_OK : STATUS_IOERR);
}

static void block_submit(struct virtio_block *block, const struct disk_request *request)
{
    assert(block->slots[request->tag].busy);
    disk_submit(block->disk, request, block_now_ns(block));
}

/* Read or write of data_bytes that lie in the buffer. */
static void block_transfer(struct virtio_block *block, struct disk_request *request,
                           uint64_t data_bytes)
{
    bool fits = data_bytes / DISK_SECTOR_BYTES <= DISK_REQUEST_SECTORS_MAX;
    if (data_bytes % DISK_SECTOR_BYTES != 0 || !fits) {
        block_end(block, request->tag, STATUS_IOERR);
        return;
    }
    request->sector_count = (uint32_t)(data_bytes / DISK_SECTOR_BYTES);
    block_submit(block, request);
}

static void block_get_id(struct virtio_block *block, uint32_t tag)
{
    struct virtio_chain *chain = &block->slots[tag].chain;
    uint8_t id[REQUEST_ID_BYTES] = {0};
    memcpy(id, block->config->serial, strnlen(block->config->serial, sizeof(id)));
    uint64_t size_bytes = chain->write_bytes - 1;
    if (size_bytes > sizeof(id))
        size_bytes = sizeof(id);
    bool written =
        size_bytes == 0 || virtio_chain_write(&block->virtio, chain, 0, id, (size_t)size_bytes);
    block_end(block, tag, written ? STATUS_OK : STATUS_IOERR);
}

static void block_write_zeroes(struct virtio_block *block, struct disk_request *request)
{
    struct block_slot *slot = &block->slots[request->tag];
    uint8_t range[REQUEST_RANGE_BYTES];
    if (slot->chain.read_bytes != REQUEST_HEADER_BYTES + sizeof(range) ||
        !virtio_chain_read(&block->virtio, &slot->chain, REQUEST_HEADER_BYTES, range,
                           sizeof(range))) {
        block_end(block, request->tag, STATUS_IOERR);
        return;
    }
    if ((load_u32(range + 12) & ~REQUEST_RANGE_UNMAP) != 0) {
        block_end(block, request->tag, STATUS_UNSUPP);
        return;
    }
    slot->zeroes = true;
    request->sector = load_u64(range);
    request->sector_count = load_u32(range + 8);
    block_submit(block, request);
}

/* Begin the request whose buffer was just put in a slot. */
static void block_begin(struct virtio_block *block, uint32_t tag)
{
    struct block_slot *slot = &block->slots[tag];
    uint8_t header[REQUEST_HEADER_BYTES];
    if (slot->chain.write_bytes == 0 ||
        !virtio_chain_read(&block->virtio, &slot->chain, 0, header, sizeof(header))) {
        virtio_break(&block->virtio); /* no header or no status: not a request */
        return;
    }
    slot->busy = true;
    slot->zeroes = false;
    struct disk_request request = {.tag = tag, .durable = block_writes_are_durable(block)};
    request.sector = load_u64(header + 8);
    switch (load_u32(header)) {
    case REQUEST_IN:
        request.op = DISK_READ;
        block_transfer(block, &request, slot->chain.write_bytes - 1);
        break;
    case REQUEST_OUT:
        request.op = DISK_WRITE;
        block_transfer(block, &request, slot->chain.read_bytes - sizeof(header));
        break;
    case REQUEST_WRITE_ZEROES:
        request.op = DISK_WRITE;
        block_write_zeroes(block, &request);
        break;
    case REQUEST_FLUSH:
        request.op = DISK_FLUSH;
        block_submit(block, &request);
        break;
    case REQUEST_GET_ID:
        block_get_id(block, tag);
        break;
    default:
        block_end(block, tag, STATUS_UNSUPP);
        break;
    }
}

/* A slot that is not busy; DISK_PENDING_MAX if there is none. */
static uint32_t block_slot_free(const struct virtio_block *block)
{
    uint32_t tag = 0;
    while (tag < DISK_PENDING_MAX && block->slots[tag].busy)
        tag++;
    return tag;
}

static void block_service(void *device, unsigned queue_index)
{
    struct virtio_block *block = device;
    for (;;) {
        uint32_t tag = block_slot_free(block);
        if (tag == DISK_PENDING_MAX)
            return;
        if (!virtio_chain_take(&block->virtio, queue_index, &block->slots[tag].chain))
            return;
        block_begin(block, tag);
    }
}

static void block_cancel(void *device)
{
    struct virtio_block *block = device;
    disk_cancel(block->disk);
    for (uint32_t tag = 0; tag < DISK_PENDING_MAX; tag++)
        block->slots[tag].busy = false;
}

/* The cache of the disk is not touched: a reset is not a power cut. */
static void block_model_reset(void *device)
{
    struct virtio_block *block = device;
    block->writeback = !block->config->write_through;
}

static const struct virtio_model block_model = {
    .device_id = BLOCK_DEVICE_ID,
    .queue_count = 1,
    .config_bytes = BLOCK_CONFIG_BYTES,
    .features = BLOCK_F_SIZE_MAX | BLOCK_F_SEG_MAX | BLOCK_F_BLK_SIZE,
    .features_more = block_features,
    .config_read = block_config_read,
    .config_write = block_config_write,
    .service = block_service,
    .cancel = block_cancel,
    .reset = block_model_reset,
};

static void block_init(void *state, const struct device_env *env, const void *config)
{
    struct virtio_block *block = state;
    if (config == NULL) {
        virtio_init(&block->virtio, &virtio_empty_model, env);
        return;
    }
    struct disk_client client = {
        .context = block, .fetch = block_fetch, .deliver = block_deliver, .done = block_done};
    block->config = config;
    block->disk = disk_create(block->config, &client);
    virtio_init(&block->virtio, &block_model, env);
}

static void block_finish(void *state)
{
    struct virtio_block *block = state;
    disk_destroy(block->disk);
    block->disk = NULL;
}

static void block_reset(void *state)
{
    virtio_reset(state);
}

static uint64_t block_deadline_ns(const void *state)
{
    const struct virtio_block *block = state;
    if (block->disk == NULL)
        return DEVICE_NEVER;
    return virtio_service_due(&block->virtio) ? 0 : disk_deadline_ns(block->disk);
}

static void block_tick(void *state)
{
    struct virtio_block *block = state;
    if (block->disk == NULL)
        return;
    disk_advance(block->disk, block_now_ns(block));
    virtio_signal(&block->virtio);
    /* Slots may have become free for buffers that are still in the ring. */
    virtio_service(&block->virtio, 0);
}

static void block_save(const void *state, struct byte_writer *writer)
{
    const struct virtio_block *block = state;
    virtio_save(&block->virtio, writer);
    if (block->disk == NULL)
        return;
    write_u8(writer, block->writeback);
    disk_save(block->disk, writer);
    for (uint32_t tag = 0; tag < DISK_PENDING_MAX; tag++) {
        const struct block_slot *slot = &block->slots[tag];
        write_u8(writer, slot->busy);
        if (!slot->busy)
            continue;
        write_u8(writer, slot->zeroes);
        virtio_chain_save(&slot->chain, writer);
    }
}

static void block_slot_load(struct virtio_block *block, uint32_t tag, struct byte_reader *reader)
{
    struct block_slot *slot = &block->slots[tag];
    uint8_t busy = read_u8(reader);
    slot->busy = false;
    if (busy != 1) {
        if (busy != 0)
            reader_fail(reader);
        return;
    }
    uint8_t zeroes = read_u8(reader);
    virtio_chain_load(&block->virtio, &slot->chain, reader);
    if (zeroes > 1 || slot->chain.write_bytes == 0)
        reader_fail(reader);
    slot->zeroes = zeroes == 1;
    slot->busy = !reader->failed;
}

static void block_load(void *state, struct byte_reader *reader)
{
    struct virtio_block *block = state;
    virtio_load(&block->virtio, reader);
    if (block->disk == NULL)
        return;
    uint8_t writeback = read_u8(reader);
    if (writeback > 1)
        reader_fail(reader);
    block->writeback = writeback == 1;
    disk_load(block->disk, reader);
    uint64_t busy = 0;
    for (uint32_t tag = 0; tag < DISK_PENDING_MAX; tag++) {
        block_slot_load(block, tag, reader);
        busy |= (uint64_t)block->slots[tag].busy << tag;
    }
    static_assert(DISK_PENDING_MAX == 64, "one bit a slot");
    if (disk_pending_tags(block->disk) != busy)
        reader_fail(reader);
    if (reader->failed)
        block_cancel(block);
}

struct disk *virtio_block_disk(struct virtio_block *block)
{
    assert(block != NULL);
    return block->disk;
}

const struct device_ops virtio_block_ops = {
    .name = "virtio-block",
    .compatible = "virtio,mmio",
    .state_bytes = sizeof(struct virtio_block),
    .init = block_init,
    .finish = block_finish,
    .reset = block_reset,
    .read = virtio_read,
    .write = virtio_write,
    .deadline_ns = block_deadline_ns,
    .tick = block_tick,
    .save = block_save,
    .load = block_load,
};
