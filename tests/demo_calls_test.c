/* SPDX-License-Identifier: GPL-2.0-or-later */
/* demo_calls_test.c - a domain makes random key calls on the real kernel; nobody else notices
 * (disks/recipes/fuzz.recipe), and where no key tells the time, what comes back is the same
 * whatever the kernel forgets, whichever path messages take, and on another processor: QEMU's.
 *
 * 100,000 calls with the kernel checking itself, 20,000 with rare checks, 1,000 with amnesia. With
 * LATCHKEY_LONG=1 these are 1,000,000, 100,000,000 (or LATCHKEY_CALLS; a check at each 100,000th
 * exit of the kernel, of which each call makes three) and 1,000,000: the numbers that the
 * nanokernel is to pass, in one to two hours together.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support_machine.h"
#include "tests/support_recipe.h"

#define IMAGE "test-fuzz.img"
#define SMALL_BYTES (16u << 20) /* less to forget, each time */
#define QEMU                                                                                       \
    "timeout -k 5 %u qemu-system-riscv64 -M virt -m 64 -bios default "                             \
    "-icount shift=3,sleep=off -global virtio-mmio.force-legacy=false -nodefaults -display none "  \
    "-serial stdio -kernel " LATCHKEY_BUILD_DIR "/kernel.elf "                                     \
    "-drive file=" IMAGE ",if=none,format=raw,id=d0,readonly=on "                                  \
    "-device virtio-blk-device,drive=d0 < /dev/null"

/* QEMU's clock runs on while its disk is read, to the next timer at once. A read that takes the
 * host long looks like a call that waits for ever; and where there is no timer, QEMU 7.2 runs to
 * the end of time and stays there, in one instruction. Either happens to one run in ten, and more
 * often on a busy machine. It is asked again then, each time with more time: equal digests cannot
 * come about by chance. A run takes a second; a long one, ten. */
#define QEMU_TRIES 10u
#define QEMU_SECONDS 5u
#define QEMU_SECONDS_LONG 50u

static void image_make(const char *calls, const char *seed, bool timeless)
{
    char enough[64], begin[64];
    snprintf(enough, sizeof(enough), "argument 0 %s\n", calls);
    snprintf(begin, sizeof(begin), "argument 1 %s\n", seed);
    /* Without a clock, who waits for ever must be all that is left to do. */
    const struct recipe_change changes[RECIPE_CHANGES_MAX] = {
        {"argument 0 100000\n", enough},
        {"argument 1 0\n", begin},
        {"argument 0 100000000\n",
         timeless ? "argument 0 1000000000\n" : "argument 0 100000000\n"}};
    recipe_image("fuzz", changes, timeless, IMAGE);
}

/* The console's last words: domains that are stopped are named there, in long runs very often. */
static void tail_put(void *context, const uint8_t *data, size_t size_bytes)
{
    struct transcript *tail = context;
    for (size_t i = 0; i < size_bytes; i++) {
        if (tail->length + 1 == sizeof(tail->text)) {
            tail->length /= 2;
            memmove(tail->text, tail->text + sizeof(tail->text) - 1 - tail->length, tail->length);
        }
        if (data[i] != '\r')
            tail->text[tail->length++] = (char)data[i];
    }
    tail->text[tail->length] = '\0';
}

/* What the judge says in the end. */
static const char *verdict(const char *text)
{
    const char *found = strstr(text, "judge: ");
    cr_assert(found, "%s", text);
    return found;
}

static void run(const struct machine_config *how, struct transcript *transcript)
{
    struct machine_config config = *how;
    struct machine *machine;
    struct error error;
    config.kernel_path = LATCHKEY_BUILD_DIR "/kernel.elf";
    config.disk_count = 1;
    config.disks[0] = (struct machine_disk){.path = IMAGE, .read_only = true};
    *transcript = (struct transcript){.length = 0};
    config.console = (struct console_sink){transcript, tail_put};
    cr_assert(machine_create(&machine, &config, &error), "%s", error.text);
    struct machine_until until = machine_until_never();
    struct machine_stop stop = machine_run(machine, &until);
    cr_assert_eq(stop.reason, MACHINE_STOP_POWER_OFF, "%s", transcript->text);
    cr_assert_eq(stop.code, 0, "%s", transcript->text);
    cr_assert(strstr(verdict(transcript->text), " 0 wrong"), "%s", transcript->text);
    machine_destroy(machine);
}

static uint64_t outcome(const char *text, const char *name)
{
    char word[32];
    snprintf(word, sizeof(word), " %s ", name);
    const char *outcomes = strstr(verdict(text), "judge: well");
    cr_assert(outcomes, "%s", text);
    const char *found = strstr(outcomes, word);
    cr_assert(found, "no %s: %s", name, text);
    return strtoull(found + strlen(word), NULL, 10);
}

Test(demo, random_calls_harm_nobody, .timeout = 3600)
{
    struct transcript transcript;
    image_make(getenv("LATCHKEY_LONG") ? "1000000" : "100000", "0", false);
    run(&(struct machine_config){.check = true}, &transcript);
    (void)unlink(IMAGE);
}

Test(demo, random_calls_come_to_every_kind_of_answer, .timeout = 3600)
{
    /* In 10,000 calls at least. */
    static const struct {
        const char *name;
        uint64_t least;
    } kinds[] = {{"well", 1000},   {"data key", 500}, {"bad order", 500}, {"format", 20},
                 {"read-only", 1}, {"not there", 50}, {"other", 200},     {"with string", 1000}};
    struct transcript transcript;
    image_make("10000", "0", false);
    run(&(struct machine_config){.check = false}, &transcript);
    for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        cr_expect_geq(outcome(transcript.text, kinds[i].name), kinds[i].least, "%s: %s",
                      kinds[i].name, transcript.text);
    (void)unlink(IMAGE);
}

Test(demo, very_many_random_calls_harm_nobody, .timeout = 36000)
{
    const char *calls = getenv("LATCHKEY_CALLS");
    struct transcript transcript;
    bool all = getenv("LATCHKEY_LONG") != NULL;
    image_make(!all ? "20000" : calls ? calls : "100000000", "1", false);
    run(&(struct machine_config){.append = "check-seldom"}, &transcript);
    fprintf(stderr, "%s", verdict(transcript.text));
    (void)unlink(IMAGE);
}

Test(demo, random_calls_harm_nobody_when_everything_is_forgotten_each_time, .timeout = 36000)
{
    struct transcript transcript;
    image_make(getenv("LATCHKEY_LONG") ? "1000000" : "1000", "1", false);
    run(&(struct machine_config){.amnesia = true, .ram_bytes = SMALL_BYTES}, &transcript);
    fprintf(stderr, "%s", verdict(transcript.text));
    (void)unlink(IMAGE);
}

static bool is_same(const struct transcript *one, const struct transcript *other)
{
    return strstr(one->text, "judge: ") && strcmp(verdict(one->text), verdict(other->text)) == 0;
}

static void expect_same(const struct transcript *one, const struct transcript *other,
                        const char *what)
{
    cr_expect_str_eq(verdict(one->text), verdict(other->text), "%s", what);
}

/* Returns the exit status. */
static int run_on_qemu(struct transcript *transcript, unsigned seconds)
{
    char command[1024];
    snprintf(command, sizeof(command), QEMU, seconds);
    FILE *pipe = popen(command, "r");
    cr_assert(pipe);
    *transcript = (struct transcript){.length = 0};
    for (int byte; (byte = getc(pipe)) != EOF;)
        tail_put(transcript, &(uint8_t){(uint8_t)byte}, 1);
    return pclose(pipe);
}

Test(demo, a_seed_has_the_same_answers_everywhere, .timeout = 3600)
{
    static const char *const seeds[] = {"1", "2", "3"};
    bool all = getenv("LATCHKEY_LONG") != NULL;
    unsigned seconds = all ? QEMU_SECONDS_LONG : QEMU_SECONDS;
    struct transcript first, second;
    for (unsigned i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
        image_make(all ? "100000" : "10000", seeds[i], true);
        run(&(struct machine_config){.check = false}, &first);
        run(&(struct machine_config){.append = "general"}, &second);
        expect_same(&second, &first, "the general path");
        int status = run_on_qemu(&second, seconds);
        for (unsigned tries = 2; tries <= QEMU_TRIES && !is_same(&second, &first); tries++)
            status = run_on_qemu(&second, tries * seconds);
        cr_expect_eq(status, 0, "%s", second.text);
        expect_same(&second, &first, "QEMU");
        image_make(all ? "20000" : "1000", seeds[i], true);
        run(&(struct machine_config){.check = true}, &first);
        run(&(struct machine_config){.amnesia = true, .ram_bytes = SMALL_BYTES}, &second);
        expect_same(&second, &first, "amnesia");
    }
    (void)unlink(IMAGE);
}

Test(demo, another_seed_has_other_answers)
{
    struct transcript first, second;
    image_make("1000", "1", true);
    run(&(struct machine_config){.check = false}, &first);
    image_make("1000", "2", true);
    run(&(struct machine_config){.check = false}, &second);
    cr_expect_str_neq(verdict(first.text), verdict(second.text));
    (void)unlink(IMAGE);
}
