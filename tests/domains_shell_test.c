/* SPDX-License-Identifier: GPL-2.0-or-later */
/* domains_shell_test.c - a person at the shell: lines are typed on the machine's console, and what
 * comes back is compared, line by line, letter by letter.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "emulator/machine.h"

#define PROMPT "shell> "
#define SECOND_NS 1000000000u

struct transcript {
    char text[65536];
    size_t length;
};

struct session {
    struct machine *machine;
    struct transcript transcript;
    size_t seen; /* of the transcript, up to behind the last prompt */
};

/* A line that is typed, and what comes after it up to the next prompt. NULL: that depends on the
 * size of other programs, and is not compared. */
struct exchange {
    const char *line, *answer;
};

static void transcript_put(void *context, const uint8_t *data, size_t size_bytes)
{
    struct transcript *transcript = context;
    for (size_t i = 0; i < size_bytes && transcript->length + 1 < sizeof(transcript->text); i++)
        if (data[i] != '\r')
            transcript->text[transcript->length++] = (char)data[i];
    transcript->text[transcript->length] = '\0';
}

/* Let the machine run until a new prompt stands at the end. */
static void run_to_prompt(struct session *session, const char *prompt)
{
    size_t length = strlen(prompt);
    for (unsigned i = 0; i < 400; i++) {
        const struct transcript *transcript = &session->transcript;
        if (transcript->length >= session->seen + length &&
            strcmp(transcript->text + transcript->length - length, prompt) == 0)
            return;
        struct machine_until until = machine_until_never();
        until.time_ns = machine_time_ns(session->machine) + SECOND_NS / 100;
        struct machine_stop stop = machine_run(session->machine, &until);
        cr_assert_eq(stop.reason, MACHINE_STOP_TIME, "%s",
                     session->transcript.text + session->seen);
    }
    cr_assert(false, "no prompt came: %s", session->transcript.text + session->seen);
}

static void session_begin(struct session *session, const char *image, bool amnesia,
                          const char *prompt)
{
    struct error error;
    *session = (struct session){.machine = NULL};
    struct machine_config config = {.kernel_path = LATCHKEY_BUILD_DIR "/kernel.elf",
                                    .disk_count = 1, .check = !amnesia, .amnesia = amnesia};
    config.disks[0] = (struct machine_disk){.path = image, .read_only = true};
    config.console = (struct console_sink){&session->transcript, transcript_put};
    cr_assert(machine_create(&session->machine, &config, &error), "%s", error.text);
    run_to_prompt(session, prompt);
    session->seen = session->transcript.length;
}

static void type(struct session *session, const char *line)
{
    for (const char *at = line;; at++) {
        struct machine_input input = {.kind = INPUT_CONSOLE,
                                      .code = *at ? (uint8_t)*at : (uint8_t)'\r'};
        cr_assert(machine_input(session->machine, &input));
        if (*at == '\0')
            return;
    }
}

/* Type a line and compare what comes. */
static void exchange(struct session *session, const char *line, const char *answer,
                     const char *prompt)
{
    char got[4096];
    type(session, line);
    run_to_prompt(session, prompt);
    size_t length = session->transcript.length - session->seen - strlen(prompt);
    cr_assert_lt(length, sizeof(got));
    memcpy(got, session->transcript.text + session->seen, length);
    got[length] = '\0';
    session->seen = session->transcript.length;
    cr_assert_eq(strncmp(got, line, strlen(line)), 0, "the echo of \"%s\": %s", line, got);
    const char *rest = got + strlen(line);
    cr_expect(*rest == '\n' && (!answer || strcmp(rest + 1, answer) == 0), "%s\n%s", line,
              rest);
}

static void exchange_all(struct session *session, const struct exchange *exchanges, size_t count)
{
    for (size_t i = 0; i < count; i++)
        exchange(session, exchanges[i].line, exchanges[i].answer, PROMPT);
}
#define EXCHANGES(session, list) exchange_all(session, list, sizeof(list) / sizeof(list[0]))
#define SHELL_IMAGE LATCHKEY_BUILD_DIR "/shared-shell.img"
#define WORD(bytes, text, number) \
    "    " bytes "                          " text "\n    word 0: " number "\n"

static const struct exchange calls[] = {
    {"call counter add word 5", "-> 0, ok\n" WORD("05 00 00 00 00 00 00 00", "........", "5")},
    {"call counter 1 hex 0a00000000000000",
     "-> 0, ok\n" WORD("0f 00 00 00 00 00 00 00", "........", "15")},
    {"call pong 41 \"hello\" keys counter,box",
     "-> 42 (0x2a)\n"
     "    69 66 6d 6d 70                                   ifmmp\n"
     "    k1 = start key of a counter\n    k2 = node\n"},
    {"call k1 get", "-> 0, ok\n" WORD("0f 00 00 00 00 00 00 00", "........", "15")},
    {"call pong type", "-> 0x10001, start key of a pong\n"},
    {"show box", "   0  number 42\n   1  start key of a pong\n   2  sense key\n"},
    {"call box 0 as answer", "-> 0, ok\n    answer = number 42\n"},
    {"call answer 9", "-> KT+1, a data key, or a void one\n" WORD("2a 00 00 00 00 00 00 00",
                                                                   "*.......", "42")},
    {"call box 99", "-> KT+2, no such order\n"},
    {"send counter add word 1", "sent\n"},
    {"call counter get", "-> 0, ok\n" WORD("10 00 00 00 00 00 00 00", "........", "16")},
    {"call queue take", "-> 2\n"},
    {"call returner -1", "-> -1, not there\n"},
};

static const struct exchange names[] = {
    {"copy counter clock", ""},
    {"name clock tally", ""},
    {"call tally get", "-> 0, ok\n" WORD("00 00 00 00 00 00 00 00", "........", "0")},
    {"call clock get", "clock: no key of this name\n"},
    {"name tally tally", ""},
    {"drop tally box nothing", "nothing: no key of this name\n"},
    {"show tally", "tally: no key of this name\n"},
    {"call box 0", "box: no key of this name\n"},
    {"copy counter a-name-that-is-much-too-long",
     "a-name-that-is-much-too-long: a name is 1 to 23 letters, digits, - and _\n"},
    {"copy counter a+b", "a+b: a name is 1 to 23 letters, digits, - and _\n"},
};

static const struct exchange mistakes[] = {
    {"frobnicate", "frobnicate: no such command; type help\n"},
    {"", ""},
    {"   ", ""},
    {"drop", "drop KEY...\n"},
    {"copy a", "copy KEY NEW\n"},
    {"call bank", "call: KEY ORDER [string \"...\"] [hex 00ff] [word N] [keys a,b,c] [as x,y]\n"},
    {"call nobody 1", "nobody: no key of this name\n"},
    {"call bank nosuch",
     "nosuch: no such order of this key; orders KEY lists those that are known\n"},
    {"call bank 0 word", "word: something must follow\n"},
    {"call bank 0 word 12x", "12x: not a number\n"},
    {"call bank 0 hex 123", "123: not pairs of hexadecimal digits\n"},
    {"call bank 0 nonsense 1", "nonsense: expected string, hex, word, keys or as\n"},
    {"call bank 0 keys bank,,pong", ": no key of this name\n"},
    {"call bank 0 keys bank,pong,bank,pong",
     "pong: a message has three keys, and the one to answer through\n"},
    {"call bank 0 \"open", "a quote is not closed\n"},
    {"off x", "x: not a number\n"},
};

static const struct exchange space[] = {
    {"bank shop", ""},
    {"call shop limit-pages word -100000", NULL},
    {"call shop limit-pages word -1",
     "-> 0, ok\n" WORD("00 00 00 00 00 00 00 00", "........", "0")},
    {"call shop limit-pages word 3", "-> 0, ok\n" WORD("03 00 00 00 00 00 00 00", "........", "3")},
    {"call shop limit-pages word -1",
     "-> 0, ok\n" WORD("ff ff ff ff ff ff ff ff", "........", "18446744073709551615, or -1")},
    {"call shop create-page as a", "-> 0, ok\n    a = page\n"},
    {"call a write \"Latchkey\\x00\\n\"", "-> 0, ok\n"},
    {"call a read word 1 word 10",
     "-> 0, ok\n    61 74 63 68 6b 65 79 00 0a 00                    atchkey...\n"},
    {"call shop 23", "-> KT+7, no pages\n"},
    {"call shop create-page", "-> 0, ok\n    k1 = page\n"},
    {"call shop create-page", "-> KT+7, no pages\n"},
    {"call bank verify keys shop", "-> 0, ok\n"},
    {"call shop destroy-space", "-> 0, ok\n"},
    {"call a test-zero",
     "-> KT+1, a data key, or a void one\n" WORD("00 00 00 00 00 00 00 00", "........", "0")},
    {"call bank verify keys shop", "-> 1\n"},
};

static const struct exchange domains[] = {
    {"spawn echo pong-pattern", ""},
    {"call echo 99 \"abc\"",
     "-> 100 (0x64)\n    62 63 64                                         bcd\n"},
    {"call creator identify-start keys echo", "-> 0, ok\n    k1 = domain\n"},
    {"call k1 compare keys echo-domain", "-> 0, ok\n"},
    {"orders echo", "echo: its type is not known\n"},
    {"call echo type", "-> 0x10001, start key of a pong\n"},
    {"orders echo", "  type            \n  destroy         what can be ended ends\n"},
    {"call creator identify-start keys pong", "-> -1, not there\n"},
    {"call creator destroy-domain keys k1,bank", "-> 0, ok\n"},
    {"call echo type",
     "-> KT+1, a data key, or a void one\n" WORD("00 00 00 00 00 00 00 00", "........", "0")},
    {"call fresh-segments create keys bank word 100000 as seg",
     "-> 0, ok\n    seg = fresh segment\n"},
    {"call seg length", "-> 0, ok\n" WORD("00 00 00 00 00 00 00 00", "........", "0")},
    {"call seg destroy", "-> 0, ok\n"},
};

static void all_sessions(bool amnesia)
{
    struct session session;
    session_begin(&session, SHELL_IMAGE, amnesia, PROMPT);
    EXCHANGES(&session, names);
    EXCHANGES(&session, mistakes);
    EXCHANGES(&session, space);
    machine_destroy(session.machine);
    session_begin(&session, SHELL_IMAGE, amnesia, PROMPT);
    EXCHANGES(&session, calls);
    machine_destroy(session.machine);
    session_begin(&session, SHELL_IMAGE, amnesia, PROMPT);
    EXCHANGES(&session, domains);
    machine_destroy(session.machine);
}

Test(shell, says_what_comes_of_messages)
{
    all_sessions(false);
}

Test(shell, says_the_same_when_the_kernel_forgets_all_it_can)
{
    all_sessions(true);
}

Test(shell, lists_keys_with_their_types_and_orders)
{
    struct session session;
    session_begin(&session, SHELL_IMAGE, false, PROMPT);
    type(&session, "keys");
    run_to_prompt(&session, PROMPT);
    session.seen = session.transcript.length;
    static const char *const lines[] = {
        "  bank                    space bank\n",
        "  meter                   meter\n",
        "  notes                   page\n",
        "  counter-domain          domain\n",
        "  creators                creator of domain creators\n",
        "  alarm                   alarm\n",
        "  error-log               error log\n",
    };
    for (unsigned i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        cr_expect(strstr(session.transcript.text, lines[i]), "%s", lines[i]);
    exchange(&session, "orders counter",
             "  type            \n  destroy         what can be ended ends\n"
             "  get             -> number\n  add             word N -> sum\n",
             PROMPT);
    machine_destroy(session.machine);
}

Test(shell, names_run_out_in_a_clear_line)
{
    struct session session;
    session_begin(&session, SHELL_IMAGE, false, PROMPT);
    for (unsigned i = 1; i <= 36; i++) {
        char answer[64];
        snprintf(answer, sizeof(answer), "-> 0, ok\n    k%u = number 42\n", i);
        exchange(&session, "call box 0", answer, PROMPT);
    }
    exchange(&session, "call box 0", "-> 0, ok\n    number 42, not kept: no more names; drop one\n",
             PROMPT);
    exchange(&session, "copy box more", "more: no more names; drop one\n", PROMPT);
    exchange(&session, "drop k7", "", PROMPT);
    exchange(&session, "call box 0", "-> 0, ok\n    k7 = number 42\n", PROMPT);
    machine_destroy(session.machine);
}

Test(shell, a_call_that_is_not_answered_is_broken_off)
{
    struct session session;
    session_begin(&session, SHELL_IMAGE, false, PROMPT);
    for (unsigned i = 0; i < 3; i++) {
        type(&session, "call alarm wait word 100000000000");
        struct machine_until until = machine_until_never();
        until.time_ns = machine_time_ns(session.machine) + SECOND_NS;
        cr_assert_eq(machine_run(session.machine, &until).reason, MACHINE_STOP_TIME);
        cr_assert(strstr(session.transcript.text + session.seen, "000\n"));
        cr_assert_null(strstr(session.transcript.text + session.seen, PROMPT));
        struct machine_input control_c = {.kind = INPUT_CONSOLE, .code = 3};
        cr_assert(machine_input(session.machine, &control_c));
        run_to_prompt(&session, PROMPT);
        cr_expect(strstr(session.transcript.text + session.seen, "\n^C\nbroken off\n"), "%s",
                  session.transcript.text + session.seen);
        session.seen = session.transcript.length;
        exchange(&session, "call integers lowest", "-> 0, ok\n", PROMPT);
    }
    machine_destroy(session.machine);
}

Test(shell, what_is_typed_ahead_is_carried_out_in_turn)
{
    struct session session;
    session_begin(&session, SHELL_IMAGE, false, PROMPT);
    for (unsigned i = 0; i < 5; i++)
        type(&session, "call integers new");
    struct machine_until until = machine_until_never();
    until.time_ns = machine_time_ns(session.machine) + SECOND_NS;
    cr_assert_eq(machine_run(session.machine, &until).reason, MACHINE_STOP_TIME);
    const char *at = session.transcript.text + session.seen;
    for (unsigned i = 1; i <= 5; i++) {
        char expected[64];
        snprintf(expected, sizeof(expected), "call integers new\n-> %u\nshell> ", i);
        cr_assert_eq(strncmp(at, expected, strlen(expected)), 0, "%s", at);
        at += strlen(expected);
    }
    machine_destroy(session.machine);
}

Test(shell, powers_off)
{
    struct session session;
    session_begin(&session, SHELL_IMAGE, false, PROMPT);
    type(&session, "off 3");
    struct machine_until until = machine_until_never();
    until.time_ns = machine_time_ns(session.machine) + SECOND_NS;
    struct machine_stop stop = machine_run(session.machine, &until);
    cr_expect_eq(stop.reason, MACHINE_STOP_POWER_OFF);
    cr_expect_eq(stop.code, 3);
    machine_destroy(session.machine);
}

Test(shell, is_reached_from_the_demos_console_and_left_again)
{
    struct session session;
    session_begin(&session, LATCHKEY_BUILD_DIR "/shared-demo.img", false, "latchkey> ");
    exchange(&session, "count 7", "7\n", "latchkey> ");
    exchange(&session, "shell", "shell: type help\n", PROMPT);
    exchange(&session, "call pong type", "-> 0x10001, start key of a pong\n", PROMPT);
    exchange(&session, "bank shop", "", PROMPT);
    exchange(&session, "call shop create-node as n", "-> 0, ok\n    n = node\n", PROMPT);
    exchange(&session, "exit", "", "latchkey> ");
    exchange(&session, "echo back", "back\n", "latchkey> ");
    exchange(&session, "shell", "shell: type help\n", PROMPT);
    exchange(&session, "call n 0", "-> 0, ok\n", PROMPT);
    machine_destroy(session.machine);
}
