/* SPDX-License-Identifier: GPL-2.0-or-later */
/* commands.c - one function a command, and the table of them. Called by main.c. */
#include "disks/domains/console/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "disks/domains/parts/calendar.h"
#include "disks/domains/rt/interface.h"
#include "disks/domains/rt/names.h"
#include "disks/domains/rt/slots.h"

#define NS_PER_SECOND 1000000000ul

struct command {
    const char *name, *arguments, *help;
    void (*run)(char *arguments);
};

/* The next word of *text, which moves behind it; NULL: there is none. */
static char *word_take(char **text)
{
    char *word = *text + strspn(*text, " ");
    char *end = word + strcspn(word, " ");
    *text = *end ? end + 1 : end;
    *end = '\0';
    return *word ? word : NULL;
}

/* A number in decimal or 0x form. false: the word is no number, which is said. */
static bool number_read_word(const char *word, uint64_t *number)
{
    char *end;
    *number = strtoull(word, &end, 0);
    if (*end == '\0' && word[0] != '-')
        return true;
    printf("%s: not a number\n", word);
    return false;
}

/* Say what a return code means; true when it was success. */
static bool said_well(const char *what, uint64_t code)
{
    if (code == RC_OK)
        return true;
    if (code == RC_DATA_KEY)
        printf("%s: no such key here\n", what);
    else if (code == RC_DEVICE)
        printf("%s: the device is absent\n", what);
    else if (code == RC_READ_ONLY)
        printf("%s: may only be read\n", what);
    else
        printf("%s: return code 0x%lx\n", what, code);
    return false;
}

static void run_count(char *arguments)
{
    uint64_t step, count;
    char *word = word_take(&arguments);
    if (word && number_read_word(word, &step) &&
        said_well("counter", counter_add(SLOT_COUNTER, step, &count)))
        printf("%lu\n", count);
    if (!word && said_well("counter", counter_get(SLOT_COUNTER, &count)))
        printf("%lu\n", count);
}

static void run_ping(char *arguments)
{
    uint64_t count = 1000, bad = 0, began_ns = 0, ended_ns = 0;
    char *word = word_take(&arguments);
    if (word && !number_read_word(word, &count))
        return;
    if (key_type_of(SLOT_PONG) != TYPE_PONG) {
        printf("ping: no pong here\n");
        return;
    }
    (void)timer_now(SLOT_TIMER, &began_ns);
    for (uint64_t i = 0; i < count; i++)
        bad += key_order(SLOT_PONG, i & 0xffff) != (i & 0xffff) + 1;
    (void)timer_now(SLOT_TIMER, &ended_ns);
    printf("%lu round trips, %lu wrong, %lu ns each\n", count, bad,
           count ? (ended_ns - began_ns) / count : 0);
}

static void run_time(char *arguments)
{
    (void)arguments;
    uint64_t now_ns, calendar_ns;
    char text[CALENDAR_TEXT_BYTES];
    if (!said_well("timer", timer_now(SLOT_TIMER, &now_ns)) ||
        !said_well("timer", timer_calendar(SLOT_TIMER, &calendar_ns)))
        return;
    calendar_text(calendar_ns, text);
    printf("up %lu.%06lu s, %s\n", now_ns / NS_PER_SECOND, now_ns % NS_PER_SECOND / 1000, text);
}

static void run_keys(char *arguments)
{
    (void)arguments;
    for (unsigned slot = 0; slot < NODE_SLOTS; slot++) {
        uint64_t number = 0, type = key_type_of(slot);
        if (type == RC_DATA_KEY)
            (void)number_read(slot, &number);
        const char *name = key_name(type);
        if (type != RC_DATA_KEY)
            printf("%2u  %s\n", slot, name ? name : "of a type unknown here");
        else if (number)
            printf("%2u  number %lu\n", slot, number);
    }
}

static void run_echo(char *arguments)
{
    printf("%s\n", arguments);
}

struct color_name {
    const char *name;
    uint32_t color;
};

static void run_draw(char *arguments)
{
    static const struct color_name names[] = {
        {"red", 0xf07178},    {"orange", 0xf0a36b}, {"yellow", 0xf2cf63},
        {"green", 0x8fd694},  {"cyan", 0x6fd0d6},   {"blue", 0x6ea8fe},
        {"purple", 0xb794f6}, {"pink", 0xf49ac1},   {"white", 0xf4f6fa},
    };
    char *word = word_take(&arguments), *end = NULL;
    uint64_t color = 0;
    for (size_t i = 0; word && i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(word, names[i].name) == 0)
            color = names[i].color;
    if (word && word[0] == '#' && strlen(word) == 7)
        color = strtoul(word + 1, &end, 16);
    if (!word || (end && *end) || (color == 0 && !end)) {
        printf("draw: red orange yellow green cyan blue purple pink white or #RRGGBB\n");
        return;
    }
    (void)said_well("screen", screen_color(SLOT_SCREEN, color));
}

static void run_say(char *arguments)
{
    size_t length = strlen(arguments);
    arguments[length] = '\n'; /* in the place of the end */
    (void)said_well("screen", screen_text(SLOT_SCREEN, arguments, length + 1));
    arguments[length] = '\0';
}

static void run_fault(char *arguments)
{
    static const char *const kinds[FAULT_KIND_COUNT] = {"an instruction that does not exist",
                                                        "a load from nowhere",
                                                        "a store to read-only memory",
                                                        "a break",
                                                        "a message too long",
                                                        "a jump to nowhere",
                                                        "a lost stack"};
    struct keeper_report report;
    (void)arguments;
    for (uint64_t kind = 0; kind < FAULT_KIND_COUNT; kind++) {
        uint64_t value = 0;
        uint64_t code = faulty_run(SLOT_FAULTY, kind, &value);
        if (kind == FAULT_STACK && code == RC_NOT_THERE) {
            printf("%s: started again by its keeper\n", kinds[kind]);
            continue;
        }
        if (!said_well("faulty", code))
            return;
        printf("%s: answered with 0x%lx\n", kinds[kind], value);
    }
    if (said_well("keeper", keeper_report(SLOT_KEEPER, &report)))
        printf("its keeper has seen %lu traps\n", report.trap_count);
}

/* The shell has the console until it is told to exit. */
static void run_shell(char *arguments)
{
    (void)arguments;
    if (key_type_of(SLOT_SHELL) != TYPE_SHELL) {
        printf("shell: no shell here\n");
        return;
    }
    fflush(stdout);
    (void)said_well("shell", key_order(SLOT_SHELL, 0));
}

static void run_off(char *arguments)
{
    uint64_t code = 0;
    char *word = word_take(&arguments);
    if (word && !number_read_word(word, &code))
        return;
    printf("off\n");
    (void)said_well("power", power_off(SLOT_POWER, code));
}

static void run_help(char *arguments);

static const struct command commands[] = {
    {"help", "", "this list", run_help},
    {"count", "[N]", "the counter; adds N to it", run_count},
    {"ping", "[N]", "call pong N times and say how long it took", run_ping},
    {"time", "", "system time and calendar", run_time},
    {"keys", "", "what this domain holds", run_keys},
    {"echo", "TEXT", "say it here", run_echo},
    {"say", "TEXT", "say it on the screen", run_say},
    {"draw", "COLOR", "color of the picture and the brush", run_draw},
    {"fault", "", "have a domain trap in all ways; its keeper repairs it", run_fault},
    {"shell", "", "name and call keys by hand", run_shell},
    {"off", "[CODE]", "power off", run_off},
};
#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static void run_help(char *arguments)
{
    (void)arguments;
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        printf("  %-6s%-8s%s\n", commands[i].name, commands[i].arguments, commands[i].help);
}

void command_run(char *line)
{
    char *name = word_take(&line);
    if (!name)
        return;
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(name, commands[i].name) == 0) {
            commands[i].run(line + strspn(line, " "));
            return;
        }
    printf("%s: no such command; type help\n", name);
}
