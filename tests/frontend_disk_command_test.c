/* SPDX-License-Identifier: GPL-2.0-or-later */
/* frontend_disk_command_test.c - `latchkey disk ...` as a user types it: what it prints, and the
 * exit status that README.md promises. Runs the program itself. */
#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support_disks.h"

struct outcome {
    int status;
    char text[8192]; /* both outputs */
};

/* Run `latchkey disk WORDS` in the scratch folder. */
static struct outcome disk(const struct scratch *scratch, const char *words)
{
    struct outcome outcome = {0};
    char command[1024];
    (void)snprintf(command, sizeof(command), "cd %s && exec %s/latchkey disk %s 2>&1",
                   scratch->folder, LATCHKEY_BUILD_DIR, words);
    FILE *pipe = popen(command, "r");
    cr_assert_not_null(pipe);
    outcome.text[fread(outcome.text, 1, sizeof(outcome.text) - 1, pipe)] = '\0';
    int status = pclose(pipe);
    cr_assert(WIFEXITED(status), "latchkey disk %s: ended by a signal", words);
    outcome.status = WEXITSTATUS(status);
    return outcome;
}

static void expect(const struct scratch *scratch, const char *words, int status, const char *says)
{
    struct outcome outcome = disk(scratch, words);
    cr_expect_eq(outcome.status, status, "disk %s: %d, %s", words, outcome.status, outcome.text);
    cr_expect_not_null(strstr(outcome.text, says), "disk %s: %s", words, outcome.text);
}

static void call_count(struct disk_node *node, const void *argument)
{
    (void)argument;
    node->call_count = 5;
}

static void sample_here(struct scratch *scratch)
{
    char path[SCRATCH_PATH_BYTES];
    scratch_make(scratch);
    sample_make(scratch, path);
    scratch_write(scratch, "sample.recipe", sample_recipe, strlen(sample_recipe));
}

Test(disk_command, makes_checks_digests_and_describes)
{
    struct scratch scratch;
    sample_here(&scratch);
    expect(&scratch, "make sample.recipe -o made.img", 0, "");
    expect(&scratch, "check made.img", 0, "made.img: clean\n");
    expect(&scratch, "info made.img", 0, "store sample, id ");
    struct outcome made = disk(&scratch, "digest made.img");
    struct outcome again = disk(&scratch, "digest --generation 1 sample.img");
    cr_expect_eq(made.status, 0);
    cr_expect_eq(strlen(made.text), 33);
    cr_expect_str_eq(made.text, again.text);
    scratch_remove(&scratch);
}

Test(disk_command, says_what_two_stores_hold_that_is_not_the_same)
{
    struct scratch scratch;
    sample_here(&scratch);
    expect(&scratch, "diff sample.img sample.img", 0, "equal");
    expect(&scratch, "make sample.recipe -o other.img", 0, "");
    expect(&scratch, "diff sample.img other.img", 0, "equal");
    char path[SCRATCH_PATH_BYTES];
    scratch_file(&scratch, "other.img", path);
    node_change(path, 26, 3, call_count, NULL);
    expect(&scratch, "diff sample.img other.img", 1,
           "node 26: allocation count 0 / 0, call count 0 / 5\n"
           "0 pages, 1 node and 0 running domains differ");
    struct outcome outcome = disk(&scratch, "diff --json sample.img other.img");
    cr_expect_eq(outcome.status, 1);
    cJSON *object = cJSON_Parse(outcome.text);
    cr_assert(object, "%s", outcome.text);
    cr_expect_eq(cJSON_GetObjectItem(object, "nodes")->valuedouble, 1);
    cr_expect_eq(cJSON_GetArraySize(cJSON_GetObjectItem(object, "entries")), 1);
    cJSON_Delete(object);
    scratch_remove(&scratch);
}

Test(disk_command, adds_a_volume)
{
    struct scratch scratch;
    sample_here(&scratch);
    struct outcome before = disk(&scratch, "digest sample.img");
    expect(&scratch, "add sample.img new.img --nodes 40 --pages 70", 0, "");
    expect(&scratch, "check sample.img new.img", 0, "sample.img: clean\n");
    expect(&scratch, "info sample.img new.img", 0, "140 nodes, 370 pages");
    struct outcome after = disk(&scratch, "digest new.img sample.img");
    cr_expect_str_eq(before.text, after.text);
    scratch_remove(&scratch);
}

Test(disk_command, a_stream_is_added_described_and_applied)
{
    struct scratch scratch;
    static const char *const said[][2] = {
        {"add sample.img stream.img --stream 8", ""},
        {"check sample.img stream.img", "sample.img: clean\n"},
        {"info sample.img stream.img", "stream: stream.img, "},
        {"info sample.img stream.img", "  8 slots, generations 1..1\n"},
        {"info --json stream.img sample.img", "\"newest\""},
        {"apply stream.img sample.img", "generation 1, from 1\n"}};
    sample_here(&scratch);
    for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++)
        expect(&scratch, said[i][0], 0, said[i][1]);
    struct outcome with = disk(&scratch, "digest sample.img stream.img");
    struct outcome without = disk(&scratch, "digest sample.img");
    cr_expect_str_eq(with.text, without.text);
    scratch_remove(&scratch);
}

Test(disk_command, does_not_replace_an_image_that_a_run_writes_to)
{
    struct scratch scratch;
    char path[SCRATCH_PATH_BYTES];
    sample_here(&scratch);
    expect(&scratch, "make sample.recipe -o used.img", 0, "");
    scratch_file(&scratch, "used.img", path);
    int descriptor = open(path, O_RDWR | O_CLOEXEC);
    cr_assert_geq(descriptor, 0);
    cr_assert_eq(flock(descriptor, LOCK_EX), 0);
    expect(&scratch, "make sample.recipe -o used.img", 3, "used.img: in use by another run");
    cr_assert_eq(flock(descriptor, LOCK_SH), 0);
    expect(&scratch, "make sample.recipe -o used.img", 0, "");
    cr_expect_eq(close(descriptor), 0);
    scratch_remove(&scratch);
}

Test(disk_command, speaks_json)
{
    static const char *const words[] = {"info --json sample.img", "check --json sample.img",
                                        "digest sample.img --json"};
    static const char *const names[] = {"volumes", "findings", "digest"};
    struct scratch scratch;
    sample_here(&scratch);
    for (unsigned i = 0; i < 3; i++) {
        struct outcome outcome = disk(&scratch, words[i]);
        cJSON *object = cJSON_Parse(outcome.text);
        cr_assert_not_null(object, "%s", outcome.text);
        cr_expect(cJSON_HasObjectItem(object, names[i]), "%s", outcome.text);
        cJSON_Delete(object);
    }
    scratch_remove(&scratch);
}

Test(disk_command, ends_with_1_when_there_are_findings)
{
    struct scratch scratch;
    char path[SCRATCH_PATH_BYTES];
    const uint8_t zeros[BLOCK_BYTES] = {0};
    sample_here(&scratch);
    scratch_file(&scratch, "sample.img", path);
    block_save(path, range_of(path, RANGE_NODES, 0).start_block, zeros);
    expect(&scratch, "check sample.img", 1, "sample.img: 1 findings, all repairable");
    expect(&scratch, "check sample.img", 1, "(repairable)\n");
    expect(&scratch, "check --json sample.img", 1, "\"repairable\":\t1");
    block_save(path, range_of(path, RANGE_NODES, 1).start_block, zeros);
    expect(&scratch, "check sample.img", 1, "(damage)\n");
    expect(&scratch, "digest sample.img", 1, "node 1: its checksum is wrong");
    scratch_remove(&scratch);
}

Test(disk_command, ends_as_the_readme_promises_for_every_mistake)
{
    static const struct {
        const char *words;
        int status;
        const char *says;
    } mistakes[] = {
        {"", 2, "latchkey: disk: no subcommand"},
        {"fly", 2, "latchkey: disk: unknown subcommand"},
        {"info", 2, "no image given"},
        {"info --loud sample.img", 2, "--loud: unknown or incomplete option"},
        {"digest --generation 0 sample.img", 2, "--generation 0: expected a number from 1"},
        {"digest --generation x sample.img", 2, "--generation x: expected a number"},
        {"digest --generation", 2, "--generation: unknown or incomplete option"},
        {"digest --generation 9 sample.img", 1, "no checkpoint of generation 9"},
        {"make sample.recipe", 2, "make needs one recipe and -o IMG"},
        {"make sample.recipe other.recipe -o x.img", 2, "make needs one recipe"},
        {"make none.recipe -o x.img", 3, "latchkey: none.recipe: No such file"},
        {"make words.txt -o x.img", 1, "latchkey: words.txt:1:1: 'ink': expected store"},
        {"make sample.recipe -o none/x.img", 3, "none/x.img: No such file"},
        {"check none.img", 3, "latchkey: none.img: No such file"},
        {"check words.txt", 1, "latchkey: words.txt: not a volume: it is only 13 bytes long"},
        {"check .", 3, "not a regular file"},
        {"info sample.img sample.img", 1, "is the same volume as"},
        {"info 1 2 3 4 5 6", 2, "6: a store has at most 4 volumes and a stream"},
        {"diff sample.img", 2, "diff needs two stores"},
        {"diff sample.img none.img", 3, "latchkey: none.img: No such file"},
        {"diff sample.img words.txt", 1, "latchkey: words.txt: not a volume"},
        {"diff sample.img,sample.img sample.img", 1, "is the same volume as"},
        {"diff 1,2,3,4,5,6 sample.img", 2, "6: a store has at most 4 volumes"},
        {"diff sample.img , --json", 3, "latchkey: "},
        {"add a", 2, "add needs the volumes of a store and a new file"},
        {"add sample.img words.txt --nodes 5", 2, "words.txt: exists"},
        {"add sample.img new.img", 2, "new.img: nothing to add"},
        {"add sample.img new.img --nodes x", 2, "--nodes x: expected a number"},
        {"add sample.img new.img --pages", 2, "--pages: unknown or incomplete option"},
        {"add none.img new.img --pages 5", 3, "latchkey: none.img: No such file"},
        {"add sample.img none/new.img --pages 5", 3, "none/new.img: No such file"},
        {"add 1 2 3 4 5 6 7", 2, "7: a store has at most 4 volumes"},
        {"add sample.img new.img --stream 1", 2, "--stream 1: expected a number from 2"},
        {"add sample.img new.img --stream 8 --mirror", 2, "a stream holds nothing else"},
        {"apply sample.img", 2, "apply needs a stream and the volumes"},
        {"apply --json sample.img sample.img", 2, "--json: unknown or incomplete option"},
        {"apply sample.img sample.img", 1, "is the same volume as"},
    };
    struct scratch scratch;
    sample_here(&scratch);
    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
        struct outcome outcome = disk(&scratch, mistakes[i].words);
        cr_expect_eq(outcome.status, mistakes[i].status, "%s: %d", mistakes[i].words,
                     outcome.status);
        cr_expect_not_null(strstr(outcome.text, mistakes[i].says), "%s: %s", mistakes[i].words,
                           outcome.text);
        cr_expect_eq(strncmp(outcome.text, "latchkey: ", 10), 0, "%s", outcome.text);
        cr_expect_eq(strchr(outcome.text, '\n'), outcome.text + strlen(outcome.text) - 1,
                     "%s: one line", mistakes[i].words);
    }
    scratch_remove(&scratch);
}
