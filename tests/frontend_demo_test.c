/* SPDX-License-Identifier: GPL-2.0-or-later */
/* frontend_demo_test.c - what a user sees of the demo disk: a picture, typed keys and a drawing on
 * it, and a console that answers. Runs the program headless with scripts of timed input.
 */
#include <criterion/criterion.h>
#include <png.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support_command.h"

#define WIDTH 1024u
#define HEIGHT 768u
#define RUN "./latchkey run --headless --disk shared-demo.img,readonly --until cycles=300000000"

struct picture {
    uint32_t pixels[WIDTH * HEIGHT]; /* bytes R, G, B, A */
};

/* A script as a file; the caller removes it and frees its path. */
static char *script_write(const char *script)
{
    char *path = command_file("demo.input");
    FILE *file = fopen(path, "w");
    cr_assert(file);
    fputs(script, file);
    fclose(file);
    return path;
}

/* Run the demo for three seconds of its time with a script, and look at its screen. The caller
 * frees both. */
static struct picture *demo_run(const char *script, struct command_result **result)
{
    char *input = script_write(script), *screen = command_file("demo.png");
    char command[2048];
    snprintf(command, sizeof(command), RUN " --input %s --screenshot %s", input, screen);
    *result = command_run(command);
    cr_assert_eq((*result)->status, 0, "%s%s", (*result)->output, (*result)->errors);
    struct picture *picture = malloc(sizeof(*picture));
    png_image image = {.version = PNG_IMAGE_VERSION};
    cr_assert(picture);
    cr_assert(png_image_begin_read_from_file(&image, screen), "%s", image.message);
    cr_assert_eq(image.width, WIDTH);
    cr_assert_eq(image.height, HEIGHT);
    image.format = PNG_FORMAT_RGBA;
    cr_assert(png_image_finish_read(&image, NULL, picture->pixels, 0, NULL), "%s", image.message);
    (void)remove(input);
    (void)remove(screen);
    free(input);
    free(screen);
    return picture;
}

/* How many pixels of [x, x + width) x [y, y + height) differ. */
static unsigned differences(const struct picture *left, const struct picture *right, unsigned x,
                            unsigned y, unsigned width, unsigned height)
{
    unsigned count = 0;
    for (unsigned row = y; row < y + height; row++)
        for (unsigned column = x; column < x + width; column++)
            count += left->pixels[row * WIDTH + column] != right->pixels[row * WIDTH + column];
    return count;
}

Test(demo, the_screen_shows_a_picture)
{
    struct command_result *result;
    struct picture *picture = demo_run("", &result);
    unsigned changes = 0;
    for (unsigned i = 1; i < WIDTH * HEIGHT; i++)
        changes += picture->pixels[i] != picture->pixels[i - 1];
    cr_expect_gt(changes, 5000, "only %u changes of color along the rows", changes);
    cr_expect(strstr(result->output, "latchkey> "), "no prompt: %s", result->output);
    free(picture);
    free(result);
}

Test(demo, two_equal_runs_show_the_same_pixels_and_say_the_same)
{
    static const char script[] = "1s type \"same\"\n1500ms console \"count 2\\n\"\n";
    struct command_result *results[2];
    struct picture *pictures[2];
    for (int i = 0; i < 2; i++)
        pictures[i] = demo_run(script, &results[i]);
    cr_expect_eq(differences(pictures[0], pictures[1], 0, 0, WIDTH, HEIGHT), 0);
    cr_expect_str_eq(results[0]->output, results[1]->output);
    for (int i = 0; i < 2; i++) {
        free(pictures[i]);
        free(results[i]);
    }
}

Test(demo, typed_keys_appear_in_their_panel)
{
    struct command_result *results[2];
    struct picture *quiet = demo_run("", &results[0]);
    struct picture *typed = demo_run("1s type \"Hello, 2026!\"\n", &results[1]);
    unsigned changed = differences(quiet, typed, 17, 512, 678, 238);
    cr_expect_gt(changed, 100, "only %u pixels of the keyboard's panel changed", changed);
    cr_expect_eq(differences(quiet, typed, 521, 100, 486, 370), 0, "the canvas changed too");
    free(quiet);
    free(typed);
    free(results[0]);
    free(results[1]);
}

Test(demo, a_held_button_draws_on_the_canvas)
{
    struct command_result *results[2];
    struct picture *quiet = demo_run("", &results[0]);
    struct picture *drawn = demo_run("1s pointer 600 200\n+50ms button left down\n"
                                     "+50ms pointer 700 300\n+50ms pointer 800 200\n"
                                     "+50ms button left up\n",
                                     &results[1]);
    unsigned changed = differences(quiet, drawn, 580, 180, 240, 140);
    cr_expect_gt(changed, 300, "only %u pixels of the canvas changed", changed);
    free(quiet);
    free(drawn);
    free(results[0]);
    free(results[1]);
}

Test(demo, the_console_answers_and_edits_lines)
{
    struct command_result *result;
    struct picture *picture =
        demo_run("500ms console \"helo\177p\\n\"\n+200ms console \"count 5\\n\"\n"
                 "+200ms console \"count 2\\n\"\n+200ms console \"ping 10\\n\"\n"
                 "+300ms console \"nonsense\\n\"\n",
                 &result);
    cr_expect(strstr(result->output, "call pong N times"), "no help: %s", result->output);
    cr_expect(strstr(result->output, "10 round trips, 0 wrong"), "no ping: %s", result->output);
    cr_expect(strstr(result->output, "nonsense"), "no answer: %s", result->output);
    free(picture);
    free(result);
}

static struct command_result *off_run(const char *script)
{
    char *input = script_write(script), command[1024];
    snprintf(command, sizeof(command), RUN " --input %s", input);
    struct command_result *result = command_run(command);
    (void)remove(input);
    free(input);
    return result;
}

Test(demo, off_powers_off_with_its_code)
{
    struct command_result *good = off_run("500ms console \"off\\n\"\n");
    struct command_result *bad = off_run("500ms console \"off 3\\n\"\n");
    cr_expect_eq(good->status, 0, "status %d: %s", good->status, good->errors);
    cr_expect(strstr(good->output, "latchkey> off"), "%s", good->output);
    cr_expect_eq(bad->status, 1, "status %d", bad->status);
    cr_expect(command_one_line(bad, "powered off with code 3"), "%s", bad->errors);
    free(good);
    free(bad);
}
