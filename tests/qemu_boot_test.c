/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qemu_boot_test.c - a second opinion: the same kernel and the same images boot on QEMU's virt
 * board with its own firmware, and the console says the same as on our machine.
 *
 * Left out of the comparison: the firmware's banner, and how many pages and nodes the kernel's
 * pools have, since the firmware keeps some memory for itself.
 */
#include <criterion/criterion.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support_command.h"

#define BANNER_END "Boot HART MEDELEG"
#define QEMU                                                                                       \
    "qemu-system-riscv64 -M virt -m 64 -bios default -global virtio-mmio.force-legacy=false "      \
    "-nodefaults -display none -serial stdio -kernel kernel.elf "

/* What follows the firmware's banner. */
static const char *after_banner(const char *output)
{
    const char *banner = strstr(output, BANNER_END);
    const char *newline = banner ? strchr(banner, '\n') : NULL;
    cr_assert(newline, "no banner of a firmware: %.400s", output);
    return newline + 1;
}

static void returns_drop(char *text)
{
    char *target = text;
    for (; *text; text++)
        if (*text != '\r')
            *target++ = *text;
    *target = '\0';
}

/* Put '#' for the numbers of the kernel's first line that stand before " pages" and " nodes". */
static char *pools_masked(const char *output)
{
    char *text = strdup(output);
    cr_assert(text);
    returns_drop(text);
    while (*text && isspace((unsigned char)*text))
        memmove(text, text + 1, strlen(text));
    static const char *const words[] = {" pages", " nodes"};
    size_t line = strcspn(text, "\n");
    for (size_t i = 0; i < 2; i++) {
        char *word = strstr(text, words[i]);
        for (char *at = word;
             at && at < text + line && at > text && isdigit((unsigned char)at[-1]);)
            *--at = '#';
        for (char *at; (at = strstr(text, "##")) != NULL;) {
            memmove(at, at + 1, strlen(at));
            line--;
        }
    }
    return text;
}

/* Boot an image on both; both must end with status 0 and the same words, which must hold text. */
static void boots_equally(const char *image, const char *devices, const char *text)
{
    char command[1024];
    snprintf(command, sizeof(command),
             QEMU "-drive file=shared-%s,if=none,format=raw,id=d0,readonly=on "
                  "-device virtio-blk-device,drive=d0 %s",
             image, devices);
    struct command_result *rival = command_run(command);
    snprintf(command, sizeof(command), "./latchkey run --headless --disk shared-%s,readonly",
             image);
    struct command_result *ours = command_run(command);
    cr_assert_eq(rival->status, 0, "QEMU: status %d: %s%s", rival->status, rival->output,
                 rival->errors);
    cr_assert_eq(ours->status, 0, "ours: status %d: %s%s", ours->status, ours->output,
                 ours->errors);
    char *rival_text = pools_masked(after_banner(rival->output));
    char *our_text = pools_masked(ours->output);
    cr_expect(strstr(our_text, text), "%s: %s", image, our_text);
    cr_expect_str_eq(our_text, rival_text, "%s: ours:\n%s\nQEMU's:\n%s", image, our_text,
                     rival_text);
    free(rival_text);
    free(our_text);
    free(rival);
    free(ours);
}

Test(qemu_boot, the_smallest_store_says_hello_on_both)
{
    boots_equally("first.img", "", "hello from the first domain");
}

Test(qemu_boot, ping_and_pong_count_the_same_on_both)
{
    boots_equally("pingpong.img", "", "ping: 0 bad answers");
}

Test(qemu_boot, a_keeper_repairs_the_same_traps_on_both)
{
    boots_equally("keeper.img", "", "0 wrong");
}

/* Spaces that come and go, and pages that are mapped, shared, taken away and written: a fence that
 * one of the two needs and the other does not would show. */
Test(qemu_boot, memory_that_is_built_and_destroyed_is_the_same_on_both)
{
    boots_equally("fresh.img", "", "fresh: 248 claims, 0 wrong");
    boots_equally("creator.img", "", "0 wrong");
}

Test(qemu_boot, a_board_with_screen_and_input_changes_nothing)
{
    boots_equally("pingpong.img",
                  "-device virtio-gpu-device -device virtio-keyboard-device "
                  "-device virtio-tablet-device",
                  "ping: 0 bad answers");
}

/* The domain of commit.recipe journals a page, forces checkpoints, and ends the run. */
static struct command_result *commit_run(const char *image, const char *how)
{
    char command[1024];
    snprintf(command, sizeof(command), how, image);
    struct command_result *result = command_run(command);
    cr_assert_eq(result->status, 0, "%s: %s%s", command, result->output, result->errors);
    return result;
}

Test(qemu_boot, what_the_kernel_writes_to_a_disk_is_a_whole_store_on_both)
{
    static const char rival[] = "qemu-commit.img", ours[] = "our-commit.img";
    struct command_result *results[8];
    unsigned count = 0;
    results[count++] = commit_run(rival, "cp shared-commit.img %s");
    results[count++] = commit_run(ours, "cp shared-commit.img %s");
    struct command_result *first =
        commit_run(rival, QEMU "-drive file=%s,if=none,format=raw,id=d0 "
                               "-device virtio-blk-device,drive=d0");
    struct command_result *second = commit_run(ours, "./latchkey run --headless %s");
    char *rival_text = pools_masked(after_banner(first->output));
    char *our_text = pools_masked(second->output);
    cr_expect(strstr(our_text, "step 60 is durable"), "%s", our_text);
    cr_expect_str_eq(our_text, rival_text, "ours:\n%s\nQEMU's:\n%s", our_text, rival_text);
    results[count++] = commit_run(rival, "./latchkey disk check %s");
    results[count++] = commit_run(ours, "./latchkey disk check %s");
    /* And what QEMU wrote goes on here. */
    struct command_result *third = commit_run(rival, "./latchkey run --headless %s");
    cr_expect(strstr(third->output, "restarted generation "), "%s", third->output);
    cr_expect_null(strstr(third->output, "restarted generation 1\n"), "%s", third->output);
    results[count++] = commit_run(rival, "./latchkey disk check %s");
    results[count++] = commit_run(rival, "rm %s");
    results[count++] = commit_run(ours, "rm %s");
    while (count > 0)
        free(results[--count]);
    free(rival_text);
    free(our_text);
    free(first);
    free(second);
    free(third);
}

Test(qemu_boot, a_different_console_is_noticed)
{
    char *left = pools_masked("\nlatchkey: hart 0, 64 MiB, 123 pages, 45 nodes\nping: 1\n");
    char *same = pools_masked("latchkey: hart 0, 64 MiB, 9 pages, 6789 nodes\nping: 1\n");
    char *other = pools_masked("latchkey: hart 0, 64 MiB, 9 pages, 6789 nodes\nping: 2 pages\n");
    cr_expect_str_eq(left, same);
    cr_expect_str_eq(left, "latchkey: hart 0, 64 MiB, # pages, # nodes\nping: 1\n");
    cr_expect_str_neq(other, same);
    free(left);
    free(same);
    free(other);
}
