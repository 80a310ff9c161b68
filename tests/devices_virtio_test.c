/* SPDX-License-Identifier: GPL-2.0-or-later */
/* devices_virtio_test.c - the transport and the rings against VIRTIO 1.2 sections 2 and 4.2, with a
 * device that copies the readable part of each buffer to the writable part.
 */
#include "devices/virtio.h"

#include <criterion/criterion.h>
#include <string.h>

#include "tests/support_virtio.h"

#define COPY_FEATURE ((uint64_t)1 << 3)
#define SOURCE DRIVER_BUFFERS
#define TARGET (DRIVER_BUFFERS + 0x1000u)
#define TABLE (DRIVER_BUFFERS + 0x2000u)
#define RAM_END (BOARD_RAM_BASE + DRIVER_RAM_BYTES)

struct copier {
    struct virtio virtio;
    struct virtio_chain chain;
    uint8_t config[12];
    unsigned served, cancelled, reset;
    struct driver *refill; /* offers another buffer for each that is taken, */
    unsigned refill_count; /* so many times */
};

static const struct driver_segment good_pair[2] = {{SOURCE, 16, false}, {TARGET, 16, true}};

static void copier_service(void *device, unsigned queue_index)
{
    struct copier *copier = device;
    while (virtio_chain_take(&copier->virtio, queue_index, &copier->chain)) {
        uint8_t data[256] = {0};
        struct virtio_chain *chain = &copier->chain;
        size_t size = chain->read_bytes < sizeof(data) ? (size_t)chain->read_bytes : sizeof(data);
        cr_assert(size == 0 || virtio_chain_read(&copier->virtio, chain, 0, data, size));
        if (size > chain->write_bytes)
            size = (size_t)chain->write_bytes;
        cr_assert(size == 0 || virtio_chain_write(&copier->virtio, chain, 0, data, size));
        virtio_chain_give(&copier->virtio, chain, (uint32_t)size);
        copier->served++;
        if (copier->refill_count > 0) {
            copier->refill_count--;
            driver_offer(copier->refill, queue_index, good_pair, 2);
        }
    }
}

static void copier_config_read(const void *device, uint8_t *config)
{
    const struct copier *copier = device;
    memcpy(config, copier->config, sizeof(copier->config));
}

static void copier_config_write(void *device, uint32_t offset, unsigned size_bytes, uint32_t value)
{
    struct copier *copier = device;
    memcpy(copier->config + offset, &value, size_bytes);
}

static void copier_cancel(void *device)
{
    struct copier *copier = device;
    copier->cancelled++;
}

static void copier_model_reset(void *device)
{
    struct copier *copier = device;
    copier->reset++;
}

static const struct virtio_model copier_model = {
    .device_id = 42,
    .queue_count = 2,
    .config_bytes = 12,
    .features = COPY_FEATURE,
    .config_read = copier_config_read,
    .config_write = copier_config_write,
    .service = copier_service,
    .cancel = copier_cancel,
    .reset = copier_model_reset,
};

static void copier_init(void *state, const struct device_env *env, const void *config)
{
    cr_assert_null(config);
    virtio_init(state, &copier_model, env);
}

static void copier_reset(void *state)
{
    virtio_reset(state);
}

static uint64_t copier_deadline_ns(const void *state)
{
    return virtio_service_due(state) ? 0 : DEVICE_NEVER;
}

static void copier_tick(void *state)
{
    virtio_service_rest(state);
}

static void copier_save(const void *state, struct byte_writer *writer)
{
    virtio_save(state, writer);
}

static void copier_load(void *state, struct byte_reader *reader)
{
    virtio_load(state, reader);
}

static const struct device_ops copier_ops = {
    .name = "copier",
    .state_bytes = sizeof(struct copier),
    .init = copier_init,
    .reset = copier_reset,
    .read = virtio_read,
    .write = virtio_write,
    .deadline_ns = copier_deadline_ns,
    .tick = copier_tick,
    .save = copier_save,
    .load = copier_load,
};

struct bench {
    struct fake_board *board;
    struct fake_device device;
    struct driver driver;
};

static struct copier *copier_of(struct bench *bench)
{
    return bench->device.state;
}

static void bench_power(struct bench *bench)
{
    bench->board = fake_board_create(DRIVER_RAM_BYTES);
    fake_device_init(&bench->device, bench->board, &copier_ops, DRIVER_IRQ, NULL);
    bench->driver = (struct driver){.device = &bench->device};
}

static void bench_start(struct bench *bench, uint64_t features)
{
    bench_power(bench);
    driver_start(&bench->driver, &bench->device, features | FEATURE_VERSION_1, 2, 8);
}

static void bench_end(struct bench *bench)
{
    fake_device_finish(&bench->device);
    fake_board_destroy(bench->board);
}

/* Offer a good buffer, notify, and say whether it was copied and given back. */
static bool copy_works(struct bench *bench)
{
    struct driver_used used;
    memset(fake_ram(bench->board, SOURCE, 16), 0x6b, 16);
    memset(fake_ram(bench->board, TARGET, 16), 0, 16);
    uint16_t head = driver_offer(&bench->driver, 0, good_pair, 2);
    driver_notify(&bench->driver, 0);
    return driver_collect(&bench->driver, 0, &used) && used.id == head && used.size_bytes == 16 &&
           *fake_ram(bench->board, TARGET + 15, 1) == 0x6b;
}

Test(virtio, identification_registers_say_what_the_device_is)
{
    struct bench bench;
    bench_power(&bench);
    cr_assert_eq(driver_get(&bench.driver, MMIO_MAGIC), 0x74726976);
    cr_assert_eq(driver_get(&bench.driver, MMIO_VERSION), 2);
    cr_assert_eq(driver_get(&bench.driver, MMIO_DEVICE_ID), 42);
    cr_assert_eq(driver_get(&bench.driver, MMIO_VENDOR_ID), 0x59454b4c);
    cr_assert_eq(driver_get(&bench.driver, MMIO_QUEUE_SIZE_MAX), 256);
    driver_set(&bench.driver, MMIO_QUEUE_SELECT, 2);
    cr_assert_eq(driver_get(&bench.driver, MMIO_QUEUE_SIZE_MAX), 0);
    cr_assert_eq(driver_get(&bench.driver, 0xb0), UINT32_MAX, "no shared memory");
    bench_end(&bench);
}

Test(virtio, features_are_offered_in_two_words)
{
    struct bench bench;
    bench_power(&bench);
    cr_assert_eq(driver_features_offered(&bench.driver),
                 COPY_FEATURE | FEATURE_INDIRECT | FEATURE_EVENT | FEATURE_VERSION_1);
    driver_set(&bench.driver, MMIO_DEVICE_FEATURES_SELECT, 2);
    cr_assert_eq(driver_get(&bench.driver, MMIO_DEVICE_FEATURES), 0);
    bench_end(&bench);
}

Test(virtio, features_that_were_not_offered_are_refused)
{
    struct bench bench;
    bench_power(&bench);
    cr_assert_not(driver_negotiate(&bench.driver, FEATURE_VERSION_1 | 1));
    cr_assert_not(driver_negotiate(&bench.driver, FEATURE_VERSION_1 | (uint64_t)1 << 63));
    cr_assert_not(driver_negotiate(&bench.driver, COPY_FEATURE), "no legacy interface");
    driver_set(&bench.driver, MMIO_STATUS, 0x0f);
    cr_assert_eq(driver_get(&bench.driver, MMIO_STATUS) & 0x0c, 0,
                 "no DRIVER_OK without FEATURES_OK");
    cr_assert(driver_negotiate(&bench.driver, FEATURE_VERSION_1 | COPY_FEATURE));
    bench_end(&bench);
}

Test(virtio, features_are_fixed_once_agreed)
{
    struct bench bench;
    bench_power(&bench);
    cr_assert(driver_negotiate(&bench.driver, FEATURE_VERSION_1));
    driver_set(&bench.driver, MMIO_DRIVER_FEATURES_SELECT, 0);
    driver_set(&bench.driver, MMIO_DRIVER_FEATURES, (uint32_t)COPY_FEATURE);
    cr_assert_not(virtio_has_feature(&copier_of(&bench)->virtio, COPY_FEATURE));
    bench_end(&bench);
}

Test(virtio, status_bits_are_only_added_until_reset)
{
    struct bench bench;
    bench_start(&bench, 0);
    driver_set(&bench.driver, MMIO_STATUS, 1);
    cr_assert_eq(driver_get(&bench.driver, MMIO_STATUS), 0x0f);
    driver_set(&bench.driver, MMIO_STATUS, 0xffffff7fu);
    cr_assert_eq(driver_get(&bench.driver, MMIO_STATUS), 0x0f, "unknown bits are not kept");
    driver_set(&bench.driver, MMIO_STATUS, 0x80);
    cr_assert_eq(driver_get(&bench.driver, MMIO_STATUS), 0x8f);
    unsigned resets = copier_of(&bench)->reset;
    driver_set(&bench.driver, MMIO_STATUS, 0);
    cr_assert_eq(driver_get(&bench.driver, MMIO_STATUS), 0);
    cr_assert_eq(driver_get(&bench.driver, MMIO_QUEUE_READY), 0);
    cr_assert_eq(copier_of(&bench)->reset, resets + 1);
    bench_end(&bench);
}

Test(virtio, the_configuration_space_takes_three_widths)
{
    struct bench bench;
    uint64_t value;
    bench_power(&bench);
    fake_set(&bench.device, MMIO_CONFIG, 4, 0x04030201);
    fake_set(&bench.device, MMIO_CONFIG + 4, 2, 0x0605);
    fake_set(&bench.device, MMIO_CONFIG + 6, 1, 0x07);
    cr_assert_eq(fake_get(&bench.device, MMIO_CONFIG + 2, 2), 0x0403);
    cr_assert_eq(fake_get(&bench.device, MMIO_CONFIG + 4, 4), 0x00070605);
    cr_assert_eq(fake_get(&bench.device, MMIO_CONFIG + 3, 1), 0x04);
    fake_set(&bench.device, MMIO_CONFIG + 12, 4, 0xffffffff);
    cr_assert_eq(fake_get(&bench.device, MMIO_CONFIG + 12, 4), 0);
    cr_assert_eq(fake_get(&bench.device, 0xffc, 4), 0);
    cr_assert_not(fake_read(&bench.device, MMIO_CONFIG, 8, &value));
    cr_assert_not(fake_write(&bench.device, MMIO_CONFIG, 8, 0));
    bench_end(&bench);
}

Test(virtio, registers_take_only_32_bits_and_unknown_ones_fault)
{
    struct bench bench;
    uint64_t value;
    bench_power(&bench);
    for (unsigned size = 1; size <= 8; size *= 2) {
        cr_assert_eq(fake_read(&bench.device, MMIO_STATUS, size, &value), size == 4);
        cr_assert_eq(fake_write(&bench.device, MMIO_QUEUE_SELECT, size, 0), size == 4);
    }
    cr_assert_not(fake_read(&bench.device, 0x18, 4, &value));
    cr_assert_not(fake_write(&bench.device, 0xf8, 4, 0));
    cr_assert(fake_write(&bench.device, MMIO_MAGIC, 4, 0), "read-only: ignored");
    cr_assert_eq(fake_get(&bench.device, MMIO_QUEUE_NOTIFY, 4), 0, "write-only: zero");
    bench_end(&bench);
}

Test(virtio, a_buffer_is_copied_used_and_announced)
{
    struct bench bench;
    bench_start(&bench, 0);
    cr_assert(copy_works(&bench));
    cr_assert(bench.board->line[DRIVER_IRQ]);
    cr_assert_eq(driver_get(&bench.driver, MMIO_INTERRUPT_STATUS), 1);
    driver_set(&bench.driver, MMIO_INTERRUPT_ACKNOWLEDGE, 2);
    cr_assert(bench.board->line[DRIVER_IRQ]);
    driver_set(&bench.driver, MMIO_INTERRUPT_ACKNOWLEDGE, 1);
    cr_assert_not(bench.board->line[DRIVER_IRQ]);
    bench_end(&bench);
}

Test(virtio, indices_wrap_at_65536)
{
    struct bench bench;
    bench_start(&bench, FEATURE_EVENT);
    for (unsigned turn = 0; turn < 70000; turn++)
        cr_assert(copy_works(&bench), "turn %u", turn);
    cr_assert_eq(copier_of(&bench)->served, 70000);
    bench_end(&bench);
}

Test(virtio, the_driver_can_switch_interrupts_off)
{
    struct bench bench;
    bench_start(&bench, 0);
    fake_ram_set_u16(bench.board, bench.driver.queues[0].available_addr, 1);
    cr_assert(copy_works(&bench));
    cr_assert_not(bench.board->line[DRIVER_IRQ]);
    fake_ram_set_u16(bench.board, bench.driver.queues[0].available_addr, 0);
    cr_assert(copy_works(&bench));
    cr_assert(bench.board->line[DRIVER_IRQ]);
    bench_end(&bench);
}

Test(virtio, the_event_index_delays_the_interrupt)
{
    struct bench bench;
    bench_start(&bench, FEATURE_EVENT);
    uint64_t used_event = bench.driver.queues[0].available_addr + 4 + 2 * 8;
    uint64_t available_event = bench.driver.queues[0].used_addr + 4 + 8 * 8;
    fake_ram_set_u16(bench.board, used_event, 2);
    cr_assert(copy_works(&bench));
    cr_assert(copy_works(&bench));
    cr_assert_not(bench.board->line[DRIVER_IRQ]);
    cr_assert(copy_works(&bench));
    cr_assert(bench.board->line[DRIVER_IRQ], "the third buffer has index 2");
    cr_assert_eq(fake_ram_get_u16(bench.board, available_event), 3, "notify for the next one");
    bench_end(&bench);
}

Test(virtio, both_queues_work)
{
    struct bench bench;
    struct driver_used used;
    bench_start(&bench, 0);
    driver_offer(&bench.driver, 1, good_pair, 2);
    driver_notify(&bench.driver, 1);
    cr_assert(driver_collect(&bench.driver, 1, &used));
    cr_assert_not(driver_collect(&bench.driver, 0, &used));
    bench_end(&bench);
}

Test(virtio, buffers_wait_for_driver_ok)
{
    struct bench bench;
    struct driver_used used;
    bench_power(&bench);
    cr_assert(driver_negotiate(&bench.driver, FEATURE_VERSION_1));
    driver_queue_start(&bench.driver, 0, 8);
    driver_offer(&bench.driver, 0, good_pair, 2);
    driver_notify(&bench.driver, 0);
    cr_assert_not(driver_collect(&bench.driver, 0, &used));
    driver_set(&bench.driver, MMIO_STATUS, 0x0f);
    cr_assert(driver_collect(&bench.driver, 0, &used));
    bench_end(&bench);
}

Test(virtio, an_indirect_table_is_followed)
{
    struct bench bench;
    struct driver_used used;
    bench_start(&bench, FEATURE_INDIRECT);
    memset(fake_ram(bench.board, SOURCE, 16), 0x11, 16);
    driver_descriptor_set(&bench.driver, TABLE, 0, (struct driver_segment){SOURCE, 4, false},
                          DESCRIPTOR_F_NEXT, 2);
    driver_descriptor_set(&bench.driver, TABLE, 2, (struct driver_segment){SOURCE, 12, false},
                          DESCRIPTOR_F_NEXT, 1);
    driver_descriptor_set(&bench.driver, TABLE, 1, (struct driver_segment){TARGET, 16, true}, 0, 0);
    uint64_t table = bench.driver.queues[0].descriptor_addr;
    driver_descriptor_set(&bench.driver, table, 5, (struct driver_segment){TABLE, 48, false},
                          DESCRIPTOR_F_INDIRECT, 0);
    driver_offer_head(&bench.driver, 0, 5);
    driver_notify(&bench.driver, 0);
    cr_assert(driver_collect(&bench.driver, 0, &used));
    cr_assert_eq(used.id, 5);
    cr_assert_eq(used.size_bytes, 16);
    cr_assert_eq(*fake_ram(bench.board, TARGET + 15, 1), 0x11);
    /* Section 2.7.5.3.2: ordinary descriptors may come before one that is indirect. */
    driver_descriptor_set(&bench.driver, table, 4, (struct driver_segment){SOURCE, 1, false},
                          DESCRIPTOR_F_NEXT, 5);
    driver_offer_head(&bench.driver, 0, 4);
    driver_notify(&bench.driver, 0);
    cr_assert(driver_collect(&bench.driver, 0, &used));
    cr_assert_eq(used.size_bytes, 16);
    bench_end(&bench);
}

/* One way to break the rules with a single descriptor, and what the table it may refer to holds. */
struct malice {
    const char *what;
    struct driver_segment segment;
    uint16_t flags, next;
    struct driver_segment in_table;
    uint16_t in_table_flags;
};

static const struct malice malices[] = {
    {"below RAM", {0x1000, 16, false}, 0, 0, {0}, 0},
    {"past the end of RAM", {RAM_END - 8, 16, false}, 0, 0, {0}, 0},
    {"far away", {UINT64_MAX - 7, 16, false}, 0, 0, {0}, 0},
    {"wraps the address space", {UINT64_MAX, UINT32_MAX, true}, 0, 0, {0}, 0},
    {"longer than RAM", {BOARD_RAM_BASE, UINT32_MAX, false}, 0, 0, {0}, 0},
    {"empty", {SOURCE, 0, false}, 0, 0, {0}, 0},
    {"loops to itself", {SOURCE, 4, false}, DESCRIPTOR_F_NEXT, 0, {0}, 0},
    {"next outside the queue", {SOURCE, 4, false}, DESCRIPTOR_F_NEXT, 8, {0}, 0},
    {"next far outside", {SOURCE, 4, false}, DESCRIPTOR_F_NEXT, 65535, {0}, 0},
    {"indirect of length 0", {TABLE, 0, false}, DESCRIPTOR_F_INDIRECT, 0, {0}, 0},
    {"indirect of odd length", {TABLE, 17, false}, DESCRIPTOR_F_INDIRECT, 0, {0}, 0},
    {"indirect too long", {TABLE, 257 * 16, false}, DESCRIPTOR_F_INDIRECT, 0, {0}, 0},
    {"indirect outside RAM", {RAM_END, 16, false}, DESCRIPTOR_F_INDIRECT, 0, {0}, 0},
    {"indirect and next",
     {TABLE, 16, false},
     DESCRIPTOR_F_INDIRECT | DESCRIPTOR_F_NEXT,
     1,
     {SOURCE, 4, false},
     0},
    {"indirect in indirect",
     {TABLE, 16, false},
     DESCRIPTOR_F_INDIRECT,
     0,
     {TABLE, 16, false},
     DESCRIPTOR_F_INDIRECT},
    {"loop in a table",
     {TABLE, 16, false},
     DESCRIPTOR_F_INDIRECT,
     0,
     {SOURCE, 4, false},
     DESCRIPTOR_F_NEXT},
    {"bad buffer in a table", {TABLE, 16, false}, DESCRIPTOR_F_INDIRECT, 0, {0, 4, false}, 0},
};

Test(virtio, malicious_descriptors_break_the_device_and_a_reset_repairs_it)
{
    struct bench bench;
    bench_start(&bench, FEATURE_INDIRECT);
    for (size_t index = 0; index < sizeof(malices) / sizeof(malices[0]); index++) {
        const struct malice *malice = &malices[index];
        uint64_t table = bench.driver.queues[0].descriptor_addr;
        driver_descriptor_set(&bench.driver, TABLE, 0, malice->in_table, malice->in_table_flags, 0);
        driver_descriptor_set(&bench.driver, table, 0, malice->segment, malice->flags,
                              malice->next);
        driver_offer_head(&bench.driver, 0, 0);
        uint32_t rises = bench.board->rises[DRIVER_IRQ];
        driver_notify(&bench.driver, 0);
        cr_assert(driver_is_broken(&bench.driver), "%s", malice->what);
        cr_assert_eq(driver_get(&bench.driver, MMIO_INTERRUPT_STATUS), 2, "%s", malice->what);
        cr_assert_eq(bench.board->rises[DRIVER_IRQ], rises + 1);
        cr_assert_not(copy_works(&bench), "%s: broken stays broken", malice->what);
        driver_start(&bench.driver, &bench.device, FEATURE_VERSION_1 | FEATURE_INDIRECT, 2, 8);
        cr_assert(copy_works(&bench), "%s: a reset repairs", malice->what);
        driver_start(&bench.driver, &bench.device, FEATURE_VERSION_1 | FEATURE_INDIRECT, 2, 8);
    }
    bench_end(&bench);
}

Test(virtio, an_indirect_table_that_was_not_negotiated_breaks)
{
    struct bench bench;
    bench_start(&bench, 0);
    uint64_t table = bench.driver.queues[0].descriptor_addr;
    driver_descriptor_set(&bench.driver, TABLE, 0, good_pair[0], 0, 0);
    driver_descriptor_set(&bench.driver, table, 0, (struct driver_segment){TABLE, 16, false},
                          DESCRIPTOR_F_INDIRECT, 0);
    driver_offer_head(&bench.driver, 0, 0);
    driver_notify(&bench.driver, 0);
    cr_assert(driver_is_broken(&bench.driver));
    bench_end(&bench);
}

Test(virtio, a_readable_buffer_after_a_writable_one_breaks)
{
    struct bench bench;
    struct driver_segment wrong[2] = {{TARGET, 4, true}, {SOURCE, 4, false}};
    bench_start(&bench, 0);
    driver_offer(&bench.driver, 0, wrong, 2);
    driver_notify(&bench.driver, 0);
    cr_assert(driver_is_broken(&bench.driver));
    bench_end(&bench);
}

Test(virtio, a_chain_of_4_gib_breaks)
{
    struct bench bench;
    struct driver_segment huge[8];
    bench_power(&bench);
    driver_start(&bench.driver, &bench.device, FEATURE_VERSION_1 | FEATURE_INDIRECT, 1, 8);
    uint64_t table = bench.driver.queues[0].descriptor_addr;
    for (uint16_t index = 0; index < 256; index++)
        driver_descriptor_set(&bench.driver, TABLE, index,
                              (struct driver_segment){BOARD_RAM_BASE, DRIVER_RAM_BYTES, true},
                              index < 255 ? DESCRIPTOR_F_NEXT : 0, (uint16_t)(index + 1));
    huge[0] = (struct driver_segment){TABLE, 256 * 16, false};
    driver_descriptor_set(&bench.driver, table, 0, huge[0], DESCRIPTOR_F_INDIRECT, 0);
    driver_offer_head(&bench.driver, 0, 0);
    driver_notify(&bench.driver, 0);
    cr_assert(driver_is_broken(&bench.driver));
    bench_end(&bench);
}

Test(virtio, heads_and_indices_out_of_range_break)
{
    struct bench bench;
    bench_start(&bench, 0);
    driver_offer_head(&bench.driver, 0, 8);
    driver_notify(&bench.driver, 0);
    cr_assert(driver_is_broken(&bench.driver));
    driver_start(&bench.driver, &bench.device, FEATURE_VERSION_1, 2, 8);
    fake_ram_set_u16(bench.board, bench.driver.queues[0].available_addr + 2, 9);
    driver_notify(&bench.driver, 0);
    cr_assert(driver_is_broken(&bench.driver), "more entries than the ring has");
    driver_start(&bench.driver, &bench.device, FEATURE_VERSION_1, 2, 8);
    cr_assert(copy_works(&bench));
    fake_ram_set_u16(bench.board, bench.driver.queues[0].available_addr + 2, 0);
    driver_notify(&bench.driver, 0);
    cr_assert(driver_is_broken(&bench.driver), "an index that goes back");
    bench_end(&bench);
}

/* Enable queue 0 with these values, after a fresh negotiation. */
static bool queue_is_taken(struct bench *bench, uint32_t size, uint64_t descriptors,
                           uint64_t available, uint64_t used)
{
    struct driver *driver = &bench->driver;
    cr_assert(driver_negotiate(driver, FEATURE_VERSION_1));
    driver_set(driver, MMIO_QUEUE_SELECT, 0);
    driver_set(driver, MMIO_QUEUE_SIZE, size);
    driver_set_u64(driver, MMIO_DESCRIPTORS, descriptors);
    driver_set_u64(driver, MMIO_AVAILABLE, available);
    driver_set_u64(driver, MMIO_USED, used);
    driver_set(driver, MMIO_QUEUE_READY, 1);
    bool ready = driver_get(driver, MMIO_QUEUE_READY) == 1;
    cr_assert_eq(ready, !driver_is_broken(driver));
    return ready;
}

Test(virtio, queues_of_bad_size_or_place_are_refused)
{
    struct bench bench;
    const uint64_t base = BOARD_RAM_BASE;
    bench_power(&bench);
    cr_assert(queue_is_taken(&bench, 8, base, base + 0x1000, base + 0x2000));
    cr_assert(queue_is_taken(&bench, 1, base, base + 0x1000, base + 0x2000));
    cr_assert(queue_is_taken(&bench, 256, base, base + 0x1000, RAM_END - 6 - 8 * 256 - 2));
    cr_assert_not(queue_is_taken(&bench, 256, base, base + 0x1000, RAM_END - 8 * 256 - 4));
    cr_assert_not(queue_is_taken(&bench, 0, base, base + 0x1000, base + 0x2000));
    cr_assert_not(queue_is_taken(&bench, 7, base, base + 0x1000, base + 0x2000));
    cr_assert_not(queue_is_taken(&bench, 512, base, base + 0x1000, base + 0x2000));
    cr_assert_not(queue_is_taken(&bench, 0x80000000u, base, base + 0x1000, base + 0x2000));
    cr_assert_not(queue_is_taken(&bench, 8, base + 8, base + 0x1000, base + 0x2000));
    cr_assert_not(queue_is_taken(&bench, 8, base, base + 0x1001, base + 0x2000));
    cr_assert_not(queue_is_taken(&bench, 8, base, base + 0x1000, base + 0x2002));
    cr_assert_not(queue_is_taken(&bench, 8, 0, base + 0x1000, base + 0x2000));
    cr_assert_not(queue_is_taken(&bench, 8, RAM_END - 64, base + 0x1000, base + 0x2000));
    cr_assert_not(queue_is_taken(&bench, 8, base, UINT64_MAX - 1, base + 0x2000));
    cr_assert_not(queue_is_taken(&bench, 8, base, base + 0x1000, UINT64_MAX - 3));
    bench_end(&bench);
}

Test(virtio, a_ready_queue_cannot_be_moved)
{
    struct bench bench;
    bench_start(&bench, 0);
    driver_set(&bench.driver, MMIO_QUEUE_SELECT, 0);
    driver_set(&bench.driver, MMIO_QUEUE_SIZE, 0);
    driver_set_u64(&bench.driver, MMIO_DESCRIPTORS, 0);
    driver_set_u64(&bench.driver, MMIO_USED, UINT64_MAX);
    cr_assert(copy_works(&bench));
    driver_set(&bench.driver, MMIO_QUEUE_SELECT, 7);
    driver_set(&bench.driver, MMIO_QUEUE_READY, 0);
    cr_assert(copy_works(&bench), "queue 7 does not exist");
    bench_end(&bench);
}

Test(virtio, notifying_a_queue_that_is_not_there_breaks)
{
    struct bench bench;
    bench_power(&bench);
    driver_start(&bench.driver, &bench.device, FEATURE_VERSION_1, 1, 8);
    driver_notify(&bench.driver, 1);
    cr_assert(driver_is_broken(&bench.driver), "not ready");
    driver_start(&bench.driver, &bench.device, FEATURE_VERSION_1, 2, 8);
    driver_notify(&bench.driver, 2);
    cr_assert(driver_is_broken(&bench.driver), "does not exist");
    bench_end(&bench);
}

Test(virtio, a_disabled_queue_is_left_alone)
{
    struct bench bench;
    struct driver_used used;
    bench_start(&bench, 0);
    unsigned cancelled = copier_of(&bench)->cancelled;
    driver_set(&bench.driver, MMIO_QUEUE_SELECT, 0);
    driver_set(&bench.driver, MMIO_QUEUE_READY, 0);
    cr_assert_eq(driver_get(&bench.driver, MMIO_QUEUE_READY), 0);
    cr_assert_eq(copier_of(&bench)->cancelled, cancelled + 1);
    driver_offer(&bench.driver, 0, good_pair, 2);
    driver_set(&bench.driver, MMIO_STATUS, 0x0f);
    cr_assert_not(driver_collect(&bench.driver, 0, &used));
    driver_queue_start(&bench.driver, 0, 8);
    cr_assert(copy_works(&bench));
    bench_end(&bench);
}

/* The driver of another hart, or a buffer that is copied over the ring, may add buffers as fast as
 * they are taken. */
Test(virtio, a_ring_that_is_refilled_without_end_does_not_hang)
{
    struct bench bench;
    bench_start(&bench, FEATURE_EVENT);
    copier_of(&bench)->refill = &bench.driver;
    copier_of(&bench)->refill_count = 20;
    driver_offer(&bench.driver, 0, good_pair, 2);
    driver_notify(&bench.driver, 0);
    cr_assert_eq(copier_of(&bench)->served, 8, "as many as the queue is long");
    cr_assert_eq(fake_deadline(&bench.device), 0, "the rest is due at once");
    cr_assert(fake_round_trip(&bench.device));
    cr_assert_eq(fake_advance(&bench.device, 1000), 2);
    cr_assert_eq(copier_of(&bench)->served, 21);
    cr_assert_eq(fake_deadline(&bench.device), DEVICE_NEVER);
    bench_end(&bench);
}

Test(virtio, state_survives_save_and_load_and_nonsense_is_refused)
{
    struct bench bench;
    bench_start(&bench, FEATURE_EVENT | COPY_FEATURE);
    cr_assert(copy_works(&bench));
    cr_assert(fake_round_trip(&bench.device));
    struct byte_writer saved = fake_save(&bench.device);
    cr_assert(fake_load(&bench.device, saved.data, saved.size_bytes));
    cr_assert(copy_works(&bench));
    saved.data[0] = 0x04; /* DRIVER_OK alone */
    cr_assert_not(fake_load(&bench.device, saved.data, saved.size_bytes));
    saved.data[0] = 0x0f;
    saved.data[12] |= 1; /* a feature that is not offered */
    cr_assert_not(fake_load(&bench.device, saved.data, saved.size_bytes));
    saved.data[12] &= 0xfe;
    saved.data[28] = 9; /* queue 0: size 9 while ready */
    cr_assert_not(fake_load(&bench.device, saved.data, saved.size_bytes));
    cr_assert(copy_works(&bench), "a refused load changes nothing");
    writer_finish(&saved);
    bench_end(&bench);
}
