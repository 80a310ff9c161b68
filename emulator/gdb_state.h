/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gdb_state.h - struct gdb itself, and what its files share. Private to gdb*.c. */
#ifndef LATCHKEY_EMULATOR_GDB_STATE_H
#define LATCHKEY_EMULATOR_GDB_STATE_H

#include "emulator/gdb.h"
#include "emulator/gdb_packet.h"

struct gdb {
    const struct gdb_ops *ops;
    void *context;
    struct gdb_parser parser;
    struct byte_writer output; /* to be sent */
    struct byte_writer reply;  /* the answer that is being made, without its frame */
    struct byte_writer last;   /* framed, for who wants it again */
    bool no_ack, physical, runs;
    uint64_t thread;               /* that registers and memory are asked of */
    uint64_t range_from, range_to; /* step as long as the pc is there */
    struct gdb_stop stop;          /* the last */
    enum gdb_end ended;
};

/* gdb_text - append to the answer. gdb_error - it is "E01". gdb_stop_reply - why it stands. */
void gdb_text(struct gdb *gdb, const char *text);
void gdb_number(struct gdb *gdb, uint64_t number); /* hex */
void gdb_error(struct gdb *gdb);
void gdb_stop_reply(struct gdb *gdb);
/* gdb_send - the answer, in its frame. */
void gdb_send(struct gdb *gdb);
/* gdb_move - from now on it runs, and there is no answer yet. */
void gdb_move(struct gdb *gdb, enum gdb_move move);

/* gdb_command - answer a packet. false: there is no answer. */
bool gdb_command(struct gdb *gdb, const char *packet, size_t size_bytes);

/* gdb_fail, gdb_done - the answer is that, and there is one. gdb_place_read - "ADDR,LENGTH". */
bool gdb_fail(struct gdb *gdb);
bool gdb_done(struct gdb *gdb);
bool gdb_place_read(const char **text, uint64_t *addr, uint64_t *size_bytes);

/* Packets: what follows their letters. false: nothing is answered now. */
bool gdb_registers_get(struct gdb *gdb, const char *rest, size_t size_bytes);
bool gdb_registers_put(struct gdb *gdb, const char *rest, size_t size_bytes);
bool gdb_register_get(struct gdb *gdb, const char *rest, size_t size_bytes);
bool gdb_register_set(struct gdb *gdb, const char *rest, size_t size_bytes);
bool gdb_memory_hex(struct gdb *gdb, const char *rest, size_t size_bytes);
bool gdb_memory_binary(struct gdb *gdb, const char *rest, size_t size_bytes);
bool gdb_memory_put_hex(struct gdb *gdb, const char *rest, size_t size_bytes);
bool gdb_memory_put_binary(struct gdb *gdb, const char *rest, size_t size_bytes);
bool gdb_physical_set(struct gdb *gdb, const char *rest, size_t size_bytes);
bool gdb_physical_get(struct gdb *gdb, const char *rest, size_t size_bytes);

/* gdb_describe - qXfer:OBJECT:read: the whole of an object. false: there is none such. */
bool gdb_describe(struct gdb *gdb, const char *object, const char *annex,
                  struct byte_writer *text);
/* gdb_threads - all of them; the caller frees. */
struct gdb_thread *gdb_threads(struct gdb *gdb, size_t *count);

#endif
