/* SPDX-License-Identifier: GPL-2.0-or-later */
/* support_gdb.h - a target of the gdb server that is no machine, and packets by hand. */
#ifndef LATCHKEY_TESTS_SUPPORT_GDB_H
#define LATCHKEY_TESTS_SUPPORT_GDB_H

#include "emulator/gdb.h"

#define FAKE_REGISTERS 6u
#define FAKE_MEMORY_BYTES 65536u
#define FAKE_MEMORY_ADDR 0x1000u

struct fake_target {
    uint64_t registers[FAKE_REGISTERS]; /* the last before pc cannot be read */
    uint8_t memory[FAKE_MEMORY_BYTES];
    struct gdb_point points[8];
    size_t point_count;
    struct gdb_stop next; /* where it stops */
    unsigned moves, slices_left;
    enum gdb_move move;
    bool interrupted;
};

/* fake_ops - of a struct fake_target. */
const struct gdb_ops *fake_ops(void);
/* fake_send - the packet in its frame. */
void fake_send(struct gdb *gdb, const char *packet);
/* fake_answer - all that is to be sent, as text, and it is taken out. Valid until the next. */
const char *fake_answer(struct gdb *gdb);
/* fake_ask - send, go on until it stands, and return the answers. */
const char *fake_ask(struct gdb *gdb, const char *packet);

#endif
