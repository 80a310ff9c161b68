/* SPDX-License-Identifier: GPL-2.0-or-later */
/* emulator_gdb_fuzz_test.c - whatever bytes come over the socket, the gdb server goes on answering,
 * what it keeps is bounded, and each of its packets has the right checksum.
 *
 * LATCHKEY_SEED=N replays one seed. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/gdb_packet.h"
#include "tests/support_device.h"
#include "tests/support_gdb.h"

#define STREAMS 3000u
#define STREAM_BYTES 600u

static const char *const packets[] = {
    "qSupported:multiprocess+;swbreak+", "QStartNoAckMode", "?", "g", "G00112233", "p1", "P1=00",
    "m1000,20", "M1000,4:00112233", "X1000,4:abcd", "x1000,100", "c", "s", "C05", "S05;1000",
    "vCont?", "vCont;c", "vCont;s:1;c", "vCont;r1000,2000:1", "bc", "bs", "Z0,1000,4", "Z2,1000,8",
    "z0,1000,4", "Z4,ffffffffffffffff,ffffffffffffffff", "Hg1", "Hc-1", "T1", "qC", "qfThreadInfo",
    "qsThreadInfo", "qThreadExtraInfo,1", "qXfer:features:read:target.xml:0,1000",
    "qXfer:threads:read::0,100", "qXfer:memory-map:read::0,ffffffffffffffff", "qRcmd,6c6f6e67",
    "qqemu.PhyMemMode", "Qqemu.PhyMemMode:1", "QNonStop:0", "vMustReplyEmpty", "qSymbol::",
};

static void random_bytes(struct fake_random *random, struct byte_writer *stream)
{
    uint64_t count = fake_random_below(random, 40);
    for (uint64_t i = 0; i < count; i++)
        write_u8(stream, (uint8_t)fake_random_next(random));
}

static void mutate(struct fake_random *random, struct byte_writer *stream, size_t from)
{
    static const char telling[] = "$#}*,;:=-+\x03" "0f";
    uint64_t count = fake_random_below(random, 4);
    for (uint64_t i = 0; i < count && stream->size_bytes > from; i++) {
        size_t at = from + (size_t)fake_random_below(random, stream->size_bytes - from);
        stream->data[at] = fake_random_below(random, 2)
                               ? (uint8_t)telling[fake_random_below(random, sizeof(telling) - 1)]
                               : (uint8_t)fake_random_next(random);
    }
}

/* A packet as it is, one that was changed within its frame, or with it, or no packet at all. */
static void piece_add(struct fake_random *random, struct byte_writer *stream)
{
    const char *packet =
        packets[fake_random_below(random, sizeof(packets) / sizeof(packets[0]))];
    struct byte_writer inside = {0};
    size_t from = stream->size_bytes;
    uint64_t way = fake_random_below(random, 4);
    write_bytes(&inside, packet, strlen(packet));
    if (way == 1)
        mutate(random, &inside, 0);
    if (way == 1 && fake_random_below(random, 4) == 0)
        random_bytes(random, &inside);
    if (way == 3)
        random_bytes(random, stream);
    else
        gdb_packet_write(stream, inside.data, inside.size_bytes);
    if (way == 2)
        mutate(random, stream, from);
    writer_finish(&inside);
}

/* All that the server sent are acknowledgements and whole packets. */
static void output_check(struct gdb *gdb, uint64_t seed)
{
    struct byte_writer *output = gdb_output(gdb);
    struct gdb_parser *parser = calloc(1, sizeof(*parser));
    for (size_t i = 0; i < output->size_bytes; i++) {
        bool between = parser->state == GDB_BETWEEN;
        uint8_t byte = output->data[i];
        cr_assert(!between || byte == '+' || byte == '-' || byte == '$', "seed %llu: 0x%02x",
                  (unsigned long long)seed, byte);
        cr_assert_neq(gdb_parse(parser, byte), GDB_EVENT_BAD, "seed %llu",
                      (unsigned long long)seed);
    }
    cr_assert_eq(parser->state, GDB_BETWEEN, "seed %llu", (unsigned long long)seed);
    output->size_bytes = 0;
    free(parser);
}

static void stream_run(uint64_t seed)
{
    struct fake_random random = {seed};
    struct fake_target *target = calloc(1, sizeof(*target));
    struct gdb *gdb = gdb_create(fake_ops(), target);
    struct byte_writer stream = {0};
    while (stream.size_bytes < STREAM_BYTES)
        piece_add(&random, &stream);
    for (size_t at = 0; at < stream.size_bytes;) {
        size_t part = 1 + (size_t)fake_random_below(&random, 64);
        if (part > stream.size_bytes - at)
            part = stream.size_bytes - at;
        target->next.kind = (enum gdb_stop_kind)fake_random_below(&random, GDB_STOP_EXIT);
        target->next.point = GDB_WATCH;
        gdb_receive(gdb, stream.data + at, part);
        gdb_go_on(gdb);
        output_check(gdb, seed);
        at += part;
    }
    writer_finish(&stream);
    gdb_destroy(gdb);
    free(target);
}

Test(gdb_fuzz, no_stream_of_bytes_upsets_the_server, .timeout = 120)
{
    uint64_t seed = fake_random_seed();
    fprintf(stderr, "seed %llu\n", (unsigned long long)seed);
    for (uint64_t i = 0; i < STREAMS; i++)
        stream_run(seed + i);
}
