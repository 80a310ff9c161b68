/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gdb_command.c - one function a packet. Called by gdb.c; calls the ops, gdb_data.c and
 * gdb_describe.c.
 *
 * Invariants
 *  1. A packet ends in a NUL that is not part of it, so looking at the next byte is always good.
 */
#include <stdlib.h>
#include <string.h>

#include "emulator/base/text.h"
#include "emulator/gdb_state.h"

#define CONSOLE_BYTES_MAX (GDB_PACKET_BYTES / 2 - 8) /* that one packet brings */

/* Those that commands[] names get what follows the letters by which a packet is known. false:
 * nothing is answered now. */

bool gdb_fail(struct gdb *gdb)
{
    gdb_error(gdb);
    return true;
}

bool gdb_done(struct gdb *gdb)
{
    gdb_text(gdb, "OK");
    return true;
}

bool gdb_place_read(const char **text, uint64_t *addr, uint64_t *size_bytes)
{
    if (!gdb_number_read(text, addr) || *(*text)++ != ',')
        return false;
    return gdb_number_read(text, size_bytes);
}

/* --- going on --- */

static bool go(struct gdb *gdb, enum gdb_move move)
{
    gdb->range_from = gdb->range_to = 0;
    gdb_move(gdb, move);
    return false;
}

/* "c", "s" and the like, maybe with an address; a signal means nothing here. */
static bool resume_at(struct gdb *gdb, const char *addr_text, enum gdb_move move)
{
    uint64_t addr;
    if (*addr_text == '\0')
        return go(gdb, move);
    if (!gdb_number_read(&addr_text, &addr) || *addr_text != '\0' ||
        !gdb->ops->register_write(gdb->context, 0, gdb->ops->pc, addr))
        return gdb_fail(gdb);
    return go(gdb, move);
}

static bool resume_go(struct gdb *gdb, const char *rest, size_t size_bytes)
{
    (void)size_bytes;
    return resume_at(gdb, rest, GDB_GO);
}

static bool resume_step(struct gdb *gdb, const char *rest, size_t size_bytes)
{
    (void)size_bytes;
    return resume_at(gdb, rest, GDB_STEP);
}

static bool signal_skip(const char **text)
{
    uint64_t number;
    bool found = gdb_number_read(text, &number);
    if (**text == ';')
        ++*text;
    return found;
}

static bool resume_go_signal(struct gdb *gdb, const char *rest, size_t size_bytes)
{
    (void)size_bytes;
    return signal_skip(&rest) ? resume_at(gdb, rest, GDB_GO) : gdb_fail(gdb);
}

static bool resume_step_signal(struct gdb *gdb, const char *rest, size_t size_bytes)
{
    (void)size_bytes;
    return signal_skip(&rest) ? resume_at(gdb, rest, GDB_STEP) : gdb_fail(gdb);
}

/* The first action is that of the thread that gdb is interested in; there is one hart. */
static bool resume_threads(struct gdb *gdb, const char *rest, size_t size_bytes)
{
    (void)size_bytes;
    char kind = rest[0];
    if (kind != '\0' && strchr("cC", kind))
        return go(gdb, GDB_GO);
    if (kind != '\0' && strchr("sS", kind))
        return go(gdb, GDB_STEP);
    const char *text = rest + 1;
    uint64_t from, to;
    if (kind != 'r' || !gdb_place_read(&text, &from, &to))
        return gdb_fail(gdb);
    (void)go(gdb, GDB_STEP);
    gdb->range_from = from;
    gdb->range_to = to;
    return false;
}

static bool back_go(struct gdb *gdb, const char *rest, size_t size_bytes)
{
    (void)rest;
    (void)size_bytes;
    return gdb->ops->back ? go(gdb, GDB_GO_BACK) : gdb_fail(gdb);
}

static bool back_step(struct gdb *gdb, const char *rest, size_t size_bytes)
{
    (void)rest;
    (void)size_bytes;
    return gdb->ops->back ? go(gdb, GDB_STEP_BACK) : gdb_fail(gdb);
}

static bool why(struct gdb *gdb, const char *rest, size_t size_bytes)
{
    (void)rest;
    (void)size_bytes;
    gdb_stop_reply(gdb);
    return true;
}

/* --- points --- */

static bool point(struct gdb *gdb, const char *rest, bool add)
{
    struct gdb_point wanted;
    const char *text = rest + 1;
    if (*rest < '0' || *rest > '4')
        return true; /* no such kind: the empty answer */
    wanted.kind = (enum gdb_point_kind)(*rest - '0');
    if (*text++ != ',' || !gdb_place_read(&text, &wanted.addr, &wanted.size_bytes))
        return gdb_fail(gdb);
    enum gdb_answer answer = add ? gdb->ops->point_add(gdb->context, &wanted)
                                 : gdb->ops->point_remove(gdb->context, &wanted);
    if (answer == GDB_UNKNOWN)
        return true;
    return answer == GDB_DONE ? gdb_done(gdb) : gdb_fail(gdb);
}

static bool point_add(struct gdb *gdb, const char *rest, size_t size_bytes)
{
    (void)size_bytes;
    return point(gdb, rest, true);
}

static bool point_remove(struct gdb *gdb, const char *rest, size_t size_bytes)
{
    (void)size_bytes;
    return point(gdb, rest, false);
}

/* --- threads --- */

/* false: there is none of this id. */
static bool thread_find(struct gdb *gdb, uint64_t id, struct gdb_thread *thread)
{
    size_t count, at = 0;
    struct gdb_thread *threads = gdb_threads(gdb, &count);
    while (at < count && threads[at].id != id)
        at++;
    bool found = at < count;
    if (found)
        *thread = threads[at];
    free(threads);
    return found;
}

static bool thread_alive(struct gdb *gdb, const char *rest, size_t size_bytes)
{
    uint64_t id;
    struct gdb_thread thread;
    (void)size_bytes;
    bool found = gdb_number_read(&rest, &id) && thread_find(gdb, id, &thread);
    return found ? gdb_done(gdb) : gdb_fail(gdb);
}

static bool thread_choose(struct gdb *gdb, const char *rest, size_t size_bytes)
{
    uint64_t id = 0;
    struct gdb_thread thread;
    const char *text = rest + 1;
    (void)size_bytes;
    if (*rest != 'g') /* which go on: all do */
        return gdb_done(gdb);
    if (strcmp(text, "-1") != 0 && !gdb_number_read(&text, &id))
        return gdb_fail(gdb);
    if (id && !thread_find(gdb, id, &thread))
        return gdb_fail(gdb);
    gdb->thread = id;
    return gdb_done(gdb);
}

static bool thread_now(struct gdb *gdb, const char *rest, size_t size_bytes)
{
    (void)rest;
    if (size_bytes > 0)
        return true; /* qCRC: and what else may begin so */
    gdb_text(gdb, "QC");
    gdb_number(gdb, gdb->ops->thread_now(gdb->context));
    return true;
}

static bool threads_first(struct gdb *gdb, const char *rest, size_t size_bytes)
{
    size_t count;
    (void)rest;
    (void)size_bytes;
    struct gdb_thread *threads = gdb_threads(gdb, &count);
    for (size_t i = 0; i < count; i++) {
        gdb_text(gdb, i == 0 ? "m" : ",");
        gdb_number(gdb, threads[i].id);
    }
    if (count == 0)
        gdb_text(gdb, "l");
    free(threads);
    return true;
}

static bool thread_text(struct gdb *gdb, const char *rest, size_t size_bytes)
{
    uint64_t id;
    struct gdb_thread thread;
    (void)size_bytes;
    if (!gdb_number_read(&rest, &id) || !thread_find(gdb, id, &thread))
        return gdb_fail(gdb);
    gdb_hex_write(&gdb->reply, thread.name, strlen(thread.name));
    return true;
}

/* --- the rest --- */

static bool supported(struct gdb *gdb, const char *rest, size_t size_bytes)
{
    (void)rest;
    (void)size_bytes;
    text_add(&gdb->reply,
             "PacketSize=%x;QStartNoAckMode+;qXfer:features:read+;qXfer:memory-map:read+;"
             "qXfer:threads:read+;vContSupported+;hwbreak+;swbreak+;binary-upload+%s",
             GDB_PACKET_BYTES, gdb->ops->back ? ";ReverseStep+;ReverseContinue+" : "");
    return true;
}

static bool non_stop(struct gdb *gdb, const char *rest, size_t size_bytes)
{
    (void)size_bytes;
    return strcmp(rest, "0") == 0 ? gdb_done(gdb) : gdb_fail(gdb);
}

static bool detach(struct gdb *gdb, const char *rest, size_t size_bytes)
{
    (void)rest;
    (void)size_bytes;
    gdb->ended = GDB_DETACHED;
    return gdb_done(gdb);
}

static bool kill_quietly(struct gdb *gdb, const char *rest, size_t size_bytes)
{
    (void)rest;
    (void)size_bytes;
    gdb->ended = GDB_KILLED;
    return false;
}

static bool kill_told(struct gdb *gdb, const char *rest, size_t size_bytes)
{
    (void)kill_quietly(gdb, rest, size_bytes);
    return gdb_done(gdb);
}

/* "OBJECT:read:ANNEX:OFFSET,LENGTH" */
static bool transfer(struct gdb *gdb, const char *rest, size_t size_bytes)
{
    char words[64];
    uint64_t offset, length;
    if (size_bytes >= sizeof(words))
        return gdb_fail(gdb);
    memcpy(words, rest, size_bytes + 1);
    char *read = strstr(words, ":read:");
    char *numbers = read ? strchr(read + 6, ':') : NULL;
    if (!numbers)
        return true;
    *read = *numbers = '\0';
    const char *text = numbers + 1;
    struct byte_writer whole = {0};
    if (!gdb_place_read(&text, &offset, &length) || *text != '\0')
        return gdb_fail(gdb);
    if (!gdb_describe(gdb, words, read + 6, &whole))
        return true;
    if (length > GDB_PACKET_BYTES - 1)
        length = GDB_PACKET_BYTES - 1;
    uint64_t left = offset < whole.size_bytes ? whole.size_bytes - offset : 0;
    gdb_text(gdb, left > length ? "m" : "l");
    if (left > 0)
        write_bytes(&gdb->reply, whole.data + offset, (size_t)(left > length ? length : left));
    writer_finish(&whole);
    return true;
}

#define MONITOR_BYTES_MAX 512u

/* Text goes in packets of its own, before the answer. */
static void console(struct gdb *gdb, const struct byte_writer *text)
{
    for (size_t at = 0; at < text->size_bytes; at += CONSOLE_BYTES_MAX) {
        size_t part = text->size_bytes - at;
        if (part > CONSOLE_BYTES_MAX)
            part = CONSOLE_BYTES_MAX;
        gdb_text(gdb, "O");
        gdb_hex_write(&gdb->reply, text->data + at, part);
        gdb_send(gdb);
    }
}

static bool monitor(struct gdb *gdb, const char *rest, size_t size_bytes)
{
    char words[MONITOR_BYTES_MAX + 1] = {0};
    struct byte_writer text = {0};
    if (size_bytes % 2 != 0 || size_bytes / 2 > MONITOR_BYTES_MAX ||
        !gdb_hex_read(rest, words, size_bytes / 2))
        return gdb_fail(gdb);
    if (strcmp(words, "phys") == 0 || strcmp(words, "virt") == 0) {
        gdb->physical = words[0] == 'p';
        text_add(&text, "addresses are %s now\n", gdb->physical ? "physical" : "virtual");
    } else if (!gdb->ops->monitor(gdb->context, words, &text)) {
        text_add(&text, "no such command; see monitor help\n");
    }
    console(gdb, &text);
    writer_finish(&text);
    return gdb_done(gdb);
}

static const struct {
    const char *name;
    bool (*run)(struct gdb *gdb, const char *rest, size_t size_bytes);
    const char *answer; /* run NULL: always this */
} commands[] = {
    /* Longer names before those that they begin with. */
    {"qSupported", supported, NULL},
    {"qXfer:", transfer, NULL},
    {"qRcmd,", monitor, NULL},
    {"qThreadExtraInfo,", thread_text, NULL},
    {"qfThreadInfo", threads_first, NULL},
    {"qsThreadInfo", NULL, "l"}, /* all were told at once */
    {"qAttached", NULL, "1"},
    {"qSymbol:", NULL, "OK"},
    {"qqemu.PhyMemMode", gdb_physical_get, NULL},
    {"Qqemu.PhyMemMode:", gdb_physical_set, NULL},
    {"qC", thread_now, NULL},
    {"QStartNoAckMode", NULL, "OK"},
    {"QNonStop:", non_stop, NULL},
    {"vCont?", NULL, "vCont;c;C;s;S;r"},
    {"vCont;", resume_threads, NULL},
    {"vKill;", kill_told, NULL},
    {"bc", back_go, NULL},
    {"bs", back_step, NULL},
    {"?", why, NULL},
    {"g", gdb_registers_get, NULL},
    {"G", gdb_registers_put, NULL},
    {"p", gdb_register_get, NULL},
    {"P", gdb_register_set, NULL},
    {"m", gdb_memory_hex, NULL},
    {"M", gdb_memory_put_hex, NULL},
    {"x", gdb_memory_binary, NULL},
    {"X", gdb_memory_put_binary, NULL},
    {"c", resume_go, NULL},
    {"C", resume_go_signal, NULL},
    {"s", resume_step, NULL},
    {"S", resume_step_signal, NULL},
    {"Z", point_add, NULL},
    {"z", point_remove, NULL},
    {"H", thread_choose, NULL},
    {"T", thread_alive, NULL},
    {"D", detach, NULL},
    {"k", kill_quietly, NULL},
};

bool gdb_command(struct gdb *gdb, const char *packet, size_t size_bytes)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        size_t length = strlen(commands[i].name);
        if (size_bytes < length || memcmp(packet, commands[i].name, length) != 0)
            continue;
        if (commands[i].run)
            return commands[i].run(gdb, packet + length, size_bytes - length);
        gdb_text(gdb, commands[i].answer);
        return true;
    }
    return true; /* the empty answer: not known */
}
