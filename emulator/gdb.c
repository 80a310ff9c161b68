/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gdb.c - receives, answers, and reports where the target stopped; see gdb.h. */
#include "emulator/gdb.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/memory.h"
#include "emulator/base/text.h"
#include "emulator/gdb_state.h"

struct gdb *gdb_create(const struct gdb_ops *ops, void *context)
{
    struct gdb *gdb = memory_zeroed(1, sizeof(*gdb));
    assert(ops->plain_count <= ops->register_count);
    gdb->ops = ops;
    gdb->context = context;
    return gdb;
}

void gdb_destroy(struct gdb *gdb)
{
    if (!gdb)
        return;
    writer_finish(&gdb->output);
    writer_finish(&gdb->reply);
    writer_finish(&gdb->last);
    free(gdb);
}

bool gdb_runs(const struct gdb *gdb)
{
    return gdb->runs;
}

enum gdb_end gdb_ended(const struct gdb *gdb)
{
    return gdb->ended;
}

struct byte_writer *gdb_output(struct gdb *gdb)
{
    return &gdb->output;
}

void gdb_text(struct gdb *gdb, const char *text)
{
    write_bytes(&gdb->reply, text, strlen(text));
}

void gdb_number(struct gdb *gdb, uint64_t number)
{
    text_add(&gdb->reply, "%llx", (unsigned long long)number);
}

void gdb_error(struct gdb *gdb)
{
    gdb->reply.size_bytes = 0;
    gdb_text(gdb, "E01");
}

void gdb_send(struct gdb *gdb)
{
    gdb->last.size_bytes = 0;
    gdb_packet_write(&gdb->last, gdb->reply.data, gdb->reply.size_bytes);
    write_bytes(&gdb->output, gdb->last.data, gdb->last.size_bytes);
    gdb->reply.size_bytes = 0;
}

void gdb_stop_reply(struct gdb *gdb)
{
    static const char *const watches[] = {[GDB_WATCH] = "watch", [GDB_WATCH_READ] = "rwatch",
                                          [GDB_WATCH_ACCESS] = "awatch"};
    const struct gdb_stop *stop = &gdb->stop;
    if (stop->kind == GDB_STOP_EXIT) {
        text_add(&gdb->reply, "W%02x", (unsigned)stop->code & 0xff);
        return;
    }
    const char *number = stop->kind == GDB_STOP_ASKED ? "02" /* SIGINT */
                         : stop->kind == GDB_STOP_FAULT ? "06" /* SIGABRT */
                                                        : "05"; /* SIGTRAP */
    text_add(&gdb->reply, "T%sthread:%llx;", number,
             (unsigned long long)gdb->ops->thread_now(gdb->context));
    if (stop->kind == GDB_STOP_BREAK)
        gdb_text(gdb, stop->point == GDB_BREAK ? "swbreak:;" : "hwbreak:;");
    if (stop->kind == GDB_STOP_WATCH) {
        assert(stop->point >= GDB_WATCH);
        text_add(&gdb->reply, "%s:%llx;", watches[stop->point], (unsigned long long)stop->addr);
    }
    if (stop->kind == GDB_STOP_BEGIN || stop->kind == GDB_STOP_END)
        gdb_text(gdb, stop->kind == GDB_STOP_BEGIN ? "replaylog:begin;" : "replaylog:end;");
}

void gdb_move(struct gdb *gdb, enum gdb_move move)
{
    if (!gdb->ops->start(gdb->context, move)) {
        gdb_error(gdb);
        gdb_send(gdb);
        return;
    }
    gdb->runs = true;
}

/* A step ended within the range that gdb wants to get out of. */
static bool range_goes_on(struct gdb *gdb)
{
    uint64_t pc;
    return gdb->stop.kind == GDB_STOP_STEP && gdb->range_to > gdb->range_from &&
           gdb->ops->register_read(gdb->context, 0, gdb->ops->pc, &pc) &&
           pc >= gdb->range_from && pc < gdb->range_to &&
           gdb->ops->start(gdb->context, GDB_STEP);
}

#define RANGE_STEPS 4096u /* at once, before the caller looks around */

void gdb_go_on(struct gdb *gdb)
{
    for (unsigned i = 0; gdb->runs && i < RANGE_STEPS; i++) {
        if (!gdb->ops->go_on(gdb->context, &gdb->stop))
            return;
        if (range_goes_on(gdb))
            continue;
        gdb->runs = false;
        gdb->thread = 0;
        gdb_stop_reply(gdb);
        gdb_send(gdb);
        if (gdb->stop.kind == GDB_STOP_EXIT)
            gdb->ended = GDB_EXITED;
    }
}

static void packet(struct gdb *gdb)
{
    const char *text = (const char *)gdb->parser.data;
    if (!gdb->no_ack)
        write_u8(&gdb->output, '+');
    if (gdb->runs) /* gdb sends nothing then, but for an interrupt */
        return;
    gdb->reply.size_bytes = 0;
    if (gdb_command(gdb, text, gdb->parser.size_bytes))
        gdb_send(gdb);
    if (strcmp(text, "QStartNoAckMode") == 0)
        gdb->no_ack = true;
}

void gdb_receive(struct gdb *gdb, const void *data, size_t size_bytes)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i < size_bytes && gdb->ended == GDB_NOT_ENDED; i++) {
        switch (gdb_parse(&gdb->parser, bytes[i])) {
        case GDB_EVENT_NONE:
            break;
        case GDB_EVENT_PACKET:
            packet(gdb);
            break;
        case GDB_EVENT_BAD:
            if (!gdb->no_ack)
                write_u8(&gdb->output, '-');
            break;
        case GDB_EVENT_INTERRUPT:
            if (gdb->runs)
                gdb->ops->interrupt(gdb->context);
            break;
        case GDB_EVENT_AGAIN:
            if (!gdb->no_ack)
                write_bytes(&gdb->output, gdb->last.data, gdb->last.size_bytes);
            break;
        }
    }
}
