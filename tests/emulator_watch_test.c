/* SPDX-License-Identifier: GPL-2.0-or-later */
/* emulator_watch_test.c - console texts and trace words that end a run. */
#include "emulator/watch.h"

#include <criterion/criterion.h>
#include <string.h>

/* Print a text; returns after how many bytes the watch said yes, 0: never. */
static size_t print(struct watch *watch, const char *text)
{
    for (size_t i = 0; text[i]; i++)
        if (watch_console(watch, (uint8_t)text[i]))
            return i + 1;
    return 0;
}

Test(watch, a_text_is_found_at_its_last_byte_and_only_then)
{
    struct watch watch = {.tail_bytes = 0};
    struct machine_until until = machine_until_never();
    until.console = "abab";
    watch_begin(&watch, &until);
    cr_assert_eq(print(&watch, "xaabaxabababab"), 10);
    cr_assert_eq(print(&watch, "ab"), 2, "it may overlap the last one");
    cr_assert_eq(print(&watch, "xyz"), 0);
    watch_end(&watch);
    cr_assert_eq(print(&watch, "abab"), 0, "nobody waits any more");
}

Test(watch, a_text_may_begin_before_the_run)
{
    struct watch watch = {.tail_bytes = 0};
    struct machine_until until = machine_until_never();
    until.console = "ready";
    for (unsigned i = 0; i < 5; i++) {
        char byte[2] = {"ready"[i], '\0'};
        watch_begin(&watch, &until);
        cr_assert_eq(print(&watch, byte), i == 4 ? 1 : 0, "byte %u", i);
        watch_end(&watch);
    }
    watch_begin(&watch, &until);
    cr_assert_eq(print(&watch, "rea"), 0);
    watch_forget(&watch);
    cr_assert_eq(print(&watch, "dy"), 0, "the first half was of another history");
    watch_end(&watch);
}

Test(watch, the_longest_text_is_found_anywhere_in_a_long_output)
{
    char longest[MACHINE_UNTIL_TEXT_BYTES];
    struct watch watch = {.tail_bytes = 0};
    struct machine_until until = machine_until_never();
    memset(longest, 'a', sizeof(longest) - 1);
    longest[0] = 'b';
    longest[sizeof(longest) - 1] = '\0';
    until.console = longest;
    watch_begin(&watch, &until);
    for (unsigned before = 0; before < 3 * MACHINE_UNTIL_TEXT_BYTES; before++) {
        for (unsigned i = 0; i < before; i++)
            cr_assert_not(watch_console(&watch, 'c'));
        cr_assert_eq(print(&watch, longest), sizeof(longest) - 1, "after %u bytes", before);
    }
    watch_end(&watch);
}

Test(watch, each_of_several_texts_ends_the_run)
{
    struct watch watch = {.tail_bytes = 0};
    struct machine_until until = machine_until_never();
    until.console = "one";
    until.console_more[0] = "two";
    until.console_more[1] = "three";
    watch_begin(&watch, &until);
    cr_assert_eq(print(&watch, "a three"), 7);
    cr_assert_eq(print(&watch, "a two"), 5);
    cr_assert_eq(print(&watch, "a one"), 5);
    cr_assert_eq(print(&watch, "four"), 0);
    watch_end(&watch);
}

Test(watch, trace_words_stop_for_their_own_reason)
{
    struct watch watch = {.tail_bytes = 0};
    struct machine_until until = machine_until_never();
    enum machine_stop_reason reason = MACHINE_STOP_FAULT;
    watch_begin(&watch, &until);
    for (uint32_t kind = 0; kind < TRACE_KIND_COUNT + 2; kind++)
        cr_assert_not(watch_trace(&watch, kind, 3, &reason), "nothing is waited for: %u", kind);
    until.generation = 5;
    until.phases = 1u << TRACE_PHASE_COMMIT | 1u << TRACE_PHASE_MIGRATE;
    until.trace_kind = TRACE_VERDICT;
    until.trace_argument = 7;
    watch_begin(&watch, &until);
    cr_assert_not(watch_trace(&watch, TRACE_COMMITTED, 4, &reason));
    cr_assert(watch_trace(&watch, TRACE_COMMITTED, 5, &reason));
    cr_assert_eq(reason, MACHINE_STOP_GENERATION);
    cr_assert(watch_trace(&watch, TRACE_RESTARTED, 6, &reason), "a later one will do");
    cr_assert_not(watch_trace(&watch, TRACE_PHASE_ENTER, TRACE_PHASE_BOOT, &reason));
    cr_assert_not(watch_trace(&watch, TRACE_PHASE_LEAVE, TRACE_PHASE_COMMIT, &reason));
    cr_assert_not(watch_trace(&watch, TRACE_PHASE_ENTER, 32 + TRACE_PHASE_COMMIT, &reason));
    cr_assert(watch_trace(&watch, TRACE_PHASE_ENTER, TRACE_PHASE_MIGRATE, &reason));
    cr_assert_eq(reason, MACHINE_STOP_PHASE);
    cr_assert_not(watch_trace(&watch, TRACE_VERDICT, 6, &reason));
    cr_assert(watch_trace(&watch, TRACE_VERDICT, 7, &reason));
    cr_assert_eq(reason, MACHINE_STOP_TRACE);
    watch_end(&watch);
}
