/* SPDX-License-Identifier: GPL-2.0-or-later */
/* emulator_gdb_test.c - the gdb remote protocol, packet by packet, against a target that is no
 * machine. Expected answers are those that gdb's manual names. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/text.h"
#include "emulator/gdb_packet.h"
#include "tests/support_gdb.h"

struct talk {
    struct fake_target target;
    struct gdb *gdb;
};

static struct talk *talk_begin(void)
{
    struct talk *talk = calloc(1, sizeof(*talk));
    talk->gdb = gdb_create(fake_ops(), &talk->target);
    cr_assert_str_eq(fake_ask(talk->gdb, "QStartNoAckMode"), "+$OK#9a");
    for (unsigned i = 0; i < FAKE_REGISTERS; i++)
        talk->target.registers[i] = 0x1122334455667700 + i;
    for (unsigned i = 0; i < FAKE_MEMORY_BYTES; i++)
        talk->target.memory[i] = (uint8_t)i;
    return talk;
}

static void talk_end(struct talk *talk)
{
    gdb_destroy(talk->gdb);
    free(talk);
}

/* The answer, without its frame. */
static void expect(struct talk *talk, const char *packet, const char *answer)
{
    char *got = strdup(fake_ask(talk->gdb, packet));
    size_t length = strlen(got);
    cr_assert_geq(length, 4, "%s: nothing", packet);
    cr_assert_eq(got[0], '$');
    got[length - 3] = '\0';
    cr_expect_str_eq(got + 1, answer, "%s: %s, not %s", packet, got + 1, answer);
    free(got);
}

Test(gdb, a_packet_is_acknowledged_until_gdb_says_no_more)
{
    struct fake_target target = {.moves = 0};
    struct gdb *gdb = gdb_create(fake_ops(), &target);
    cr_expect_str_eq(fake_ask(gdb, "qC"), "+$QC2#c6");
    gdb_receive(gdb, "$qC#00", 6);
    cr_expect_str_eq(fake_answer(gdb), "-", "a wrong checksum");
    gdb_receive(gdb, "-", 1);
    cr_expect_str_eq(fake_answer(gdb), "$QC2#c6", "the last packet again");
    cr_expect_str_eq(fake_ask(gdb, "QStartNoAckMode"), "+$OK#9a");
    cr_expect_str_eq(fake_ask(gdb, "qC"), "$QC2#c6");
    gdb_receive(gdb, "$qC#00", 6);
    cr_expect_str_eq(fake_answer(gdb), "");
    gdb_destroy(gdb);
}

Test(gdb, a_packet_that_is_too_long_is_refused_and_the_next_is_not)
{
    struct fake_target target = {.moves = 0};
    struct gdb *gdb = gdb_create(fake_ops(), &target);
    gdb_receive(gdb, "$", 1);
    for (unsigned i = 0; i < 3 * GDB_PACKET_BYTES; i++)
        gdb_receive(gdb, "m", 1);
    gdb_receive(gdb, "#00", 3);
    cr_expect_str_eq(fake_answer(gdb), "-");
    cr_expect_str_eq(fake_ask(gdb, "qC"), "+$QC2#c6");
    gdb_receive(gdb, "$m10", 4); /* and one whose end is lost */
    cr_expect_str_eq(fake_ask(gdb, "qC"), "+$QC2#c6");
    gdb_destroy(gdb);
}

Test(gdb, registers_are_read_and_written)
{
    struct talk *talk = talk_begin();
    expect(talk, "g", "0077665544332211" "0177665544332211" "02776655" "xx" "0477665544332211");
    expect(talk, "p1", "0177665544332211");
    expect(talk, "p63", "0577665544332211");
    expect(talk, "p3", "xx");
    expect(talk, "p5", "E01");
    expect(talk, "p", "E01");
    expect(talk, "p1ffffffffffffffff", "E01");
    expect(talk, "P1=efcdab8967452301", "OK");
    cr_expect_eq(talk->target.registers[1], 0x0123456789abcdef);
    expect(talk, "P63=0000000000000000", "E01");
    expect(talk, "P1=00", "E01");
    expect(talk, "P1", "E01");
    expect(talk, "G0100000000000000" "0200000000000000" "03000000", "OK");
    cr_expect_eq(talk->target.registers[0], 1);
    cr_expect_eq(talk->target.registers[2], 3);
    expect(talk, "Gzz", "E01");
    talk_end(talk);
}

Test(gdb, memory_is_read_and_written)
{
    struct talk *talk = talk_begin();
    expect(talk, "m1002,3", "020304");
    expect(talk, "m10ffe,4", "feff");
    expect(talk, "m11000,4", "E01");
    expect(talk, "m1002,0", "");
    expect(talk, "m1002", "E01");
    expect(talk, "m1002,1x", "E01");
    expect(talk, "M1002,2:aabb", "OK");
    expect(talk, "m1002,3", "aabb04");
    expect(talk, "M1002,2:aa", "E01");
    expect(talk, "M1002,1:gg", "E01");
    expect(talk, "M10fff,2:aabb", "E01");
    expect(talk, "M10ffffff,1:aa", "E01");
    expect(talk, "X1004,3:a#b", "OK"); /* escaped by the sender */
    expect(talk, "m1004,3", "612362");
    expect(talk, "X1004,0:", "OK");
    expect(talk, "X1004,2:a", "E01");
    expect(talk, "x1004,3", "ba}\x03" "b");
    expect(talk, "qqemu.PhyMemMode", "0");
    expect(talk, "Qqemu.PhyMemMode:1", "OK");
    expect(talk, "m0,2", "0001");
    expect(talk, "Qqemu.PhyMemMode:7", "E01");
    talk_end(talk);
}

Test(gdb, it_goes_and_says_where_it_stopped)
{
    struct talk *talk = talk_begin();
    expect(talk, "?", "T05thread:2;");
    expect(talk, "s", "T05thread:2;");
    talk->target.next = (struct gdb_stop){.kind = GDB_STOP_BREAK, .point = GDB_BREAK};
    expect(talk, "c", "T05thread:2;swbreak:;");
    expect(talk, "?", "T05thread:2;swbreak:;");
    talk->target.next = (struct gdb_stop){.kind = GDB_STOP_BREAK, .point = GDB_BREAK_HARD};
    expect(talk, "vCont;c", "T05thread:2;hwbreak:;");
    talk->target.next =
        (struct gdb_stop){.kind = GDB_STOP_WATCH, .point = GDB_WATCH_ACCESS, .addr = 0xabc};
    expect(talk, "vCont;C05:1;s", "T05thread:2;awatch:abc;");
    talk->target.next = (struct gdb_stop){.kind = GDB_STOP_BEGIN};
    expect(talk, "bc", "T05thread:2;replaylog:begin;");
    cr_expect_eq(talk->target.move, GDB_GO_BACK);
    talk->target.next = (struct gdb_stop){.kind = GDB_STOP_END};
    expect(talk, "bs", "T05thread:2;replaylog:end;");
    cr_expect_eq(talk->target.move, GDB_STEP_BACK);
    talk->target.next = (struct gdb_stop){.kind = GDB_STOP_FAULT};
    expect(talk, "C05;1000", "T06thread:2;");
    cr_expect_eq(talk->target.registers[4], 0x1000);
    expect(talk, "vCont;t", "E01");
    expect(talk, "c!", "E01");
    talk->target.next = (struct gdb_stop){.kind = GDB_STOP_EXIT, .code = 3};
    expect(talk, "c", "W03");
    cr_expect_eq(gdb_ended(talk->gdb), GDB_EXITED);
    talk_end(talk);
}

Test(gdb, a_range_is_stepped_until_its_end)
{
    struct talk *talk = talk_begin();
    talk->target.registers[4] = 0x100;
    expect(talk, "vCont;r100,120:2", "T05thread:2;");
    cr_expect_eq(talk->target.registers[4], 0x120);
    cr_expect_eq(talk->target.moves, 8);
    expect(talk, "s", "T05thread:2;");
    cr_expect_eq(talk->target.registers[4], 0x124);
    talk_end(talk);
}

Test(gdb, ctrl_c_stops_it_and_only_that_is_heard_while_it_runs)
{
    struct talk *talk = talk_begin();
    fake_send(talk->gdb, "c");
    cr_expect(gdb_runs(talk->gdb));
    gdb_go_on(talk->gdb);
    fake_send(talk->gdb, "g");
    cr_expect_str_eq(fake_answer(talk->gdb), "");
    gdb_receive(talk->gdb, "\x03", 1);
    gdb_go_on(talk->gdb);
    cr_expect_str_eq(fake_answer(talk->gdb), "$T02thread:2;#d5");
    gdb_receive(talk->gdb, "\x03", 1);
    cr_expect_str_eq(fake_answer(talk->gdb), "", "it stands already");
    talk_end(talk);
}

Test(gdb, points_are_set_and_taken_away)
{
    struct talk *talk = talk_begin();
    expect(talk, "Z0,1000,4", "OK");
    expect(talk, "Z2,2000,8", "OK");
    cr_expect_eq(talk->target.point_count, 2);
    cr_expect_eq(talk->target.points[1].kind, GDB_WATCH);
    cr_expect_eq(talk->target.points[1].size_bytes, 8);
    expect(talk, "Z3,2000,8", "");
    expect(talk, "Z5,2000,8", "");
    expect(talk, "Z0,2000", "E01");
    expect(talk, "Z", "");
    expect(talk, "z2,2000,8", "OK");
    expect(talk, "z2,2000,8", "E01");
    talk_end(talk);
}

Test(gdb, threads_have_names)
{
    struct talk *talk = talk_begin();
    expect(talk, "qfThreadInfo", "m1,2");
    expect(talk, "qsThreadInfo", "l");
    expect(talk, "qThreadExtraInfo,1", "6f6e65");
    expect(talk, "qThreadExtraInfo,3", "E01");
    expect(talk, "T2", "OK");
    expect(talk, "T9", "E01");
    expect(talk, "Hg1", "OK");
    expect(talk, "Hg9", "E01");
    expect(talk, "Hc-1", "OK");
    expect(talk, "Hg-1", "OK");
    cr_expect(strstr(fake_ask(talk->gdb, "qXfer:threads:read::0,1000"), "two &lt;&amp;&gt;"));
    talk_end(talk);
}

Test(gdb, descriptions_come_whole_or_in_pieces)
{
    struct talk *talk = talk_begin();
    const char *answer = fake_ask(talk->gdb, "qXfer:features:read:target.xml:0,3fff");
    cr_expect(strncmp(answer, "$l<?xml", 7) == 0);
    cr_expect(strstr(answer, "<feature name=\"org.test.own\">"));
    cr_expect(strstr(answer, "<reg name=\"z\" bitsize=\"64\" regnum=\"99\" group=\"own\"/>"));
    expect(talk, "qXfer:features:read:target.xml:0,5", "m<?xml");
    expect(talk, "qXfer:features:read:target.xml:5,3", "m ve");
    expect(talk, "qXfer:features:read:target.xml:fffff,3", "l");
    expect(talk, "qXfer:features:read:other.xml:0,3", "");
    expect(talk, "qXfer:features:read:target.xml:0", "E01");
    expect(talk, "qXfer:features:write:target.xml:0,3", "");
    cr_expect(strstr(fake_ask(talk->gdb, "qXfer:memory-map:read::0,1000"),
                     "<memory type=\"ram\" start=\"0x1000\" length=\"0x10000\"/>"));
    talk_end(talk);
}

Test(gdb, monitor_commands_are_answered_in_text)
{
    struct talk *talk = talk_begin();
    cr_expect_str_eq(fake_ask(talk->gdb, "qRcmd,68656c6c6f"), "$O68656c6c6f0a#87$OK#9a");
    cr_expect(strncmp(fake_ask(talk->gdb, "qRcmd,7a"), "$O6e6f20", 8) == 0, "no such command");
    cr_expect_str_eq(fake_ask(talk->gdb, "qRcmd,6"), "$E01#a6");
    char *many = strdup(fake_ask(talk->gdb, "qRcmd,6c6f6e67"));
    unsigned count = 0;
    for (const char *at = many; (at = strstr(at, "$O")); at++)
        count++;
    cr_expect_gt(count, 5);
    free(many);
    (void)fake_ask(talk->gdb, "qRcmd,70687973"); /* phys */
    expect(talk, "m1,2", "0102");
    (void)fake_ask(talk->gdb, "qRcmd,76697274"); /* virt */
    expect(talk, "m1,2", "E01");
    talk_end(talk);
}

Test(gdb, what_is_not_known_gets_the_empty_answer)
{
    struct talk *talk = talk_begin();
    static const char *const unknown[] = {"vMustReplyEmpty", "qTStatus", "qCRC:0,4", "!", "R00",
                                          "vFile:open:", "QPassSignals:e", "", "jThreads"};
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
        expect(talk, unknown[i], "");
    expect(talk, "QNonStop:0", "OK");
    expect(talk, "QNonStop:1", "E01");
    expect(talk, "qAttached", "1");
    expect(talk, "qSymbol::", "OK");
    expect(talk, "D", "OK");
    cr_expect_eq(gdb_ended(talk->gdb), GDB_DETACHED);
    talk_end(talk);
}

Test(gdb, kill_ends_it)
{
    struct talk *talk = talk_begin();
    cr_expect_str_eq(fake_ask(talk->gdb, "k"), "");
    cr_expect_eq(gdb_ended(talk->gdb), GDB_KILLED);
    cr_expect_str_eq(fake_ask(talk->gdb, "g"), "", "and nothing is heard any more");
    talk_end(talk);
}
