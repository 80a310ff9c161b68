/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_command.c - `latchkey campaign`: words in, a campaign, what it found. Called by main.c;
 * calls campaign.h. */
#include "frontend/campaign_command.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emulator/base/input_file.h"
#include "emulator/base/memory.h"
#include "emulator/campaign_smallest.h"
#include "frontend/campaign_words.h"
#include "frontend/failure.h"
#include "frontend/pace.h"

#define FAILURES_PRINTED 10u
#define REPRO_BYTES_MAX 65536u
#define REPRO_WORDS_MAX 256u

static const char help_text[] =
    "latchkey campaign IMG... [options]\n"
    "\n"
    "Runs the images once and logs what their disks do; then, for every place where the power may\n"
    "fail and everything that a disk may then have kept, looks at what is left, restarts from it,\n"
    "and goes on to the next checkpoint. The images are not changed.\n"
    "\n"
    "  --policy LIST       keep,drop,prefix,subset,torn (the default); garbage, misreport\n"
    "  --faults LIST       besides keep and drop: unreadable,flip,lost,misdirected,dead, where\n"
    "                      it matters, when the power comes back. What is left must be right, or\n"
    "                      be refused; a mirrored store must not lose anything\n"
    "  --fault WHAT        the run is of disks that fail so, as of latchkey run\n"
    "  --phase LIST        only there: none,boot,restart,freeze,write-out,directory,commit,\n"
    "                      migrate,journal\n"
    "  --exhaustive        every case (the default); or\n"
    "  --sample N          so many of them, drawn with --seed S, the same share of each place\n"
    "  --subsets N         subset: all of up to so many writes in a cache, 0..16; 6; and with\n"
    "  --subsets read      of more, all of those that any restart reads, if these are few\n"
    "  --draws N           subset: so many drawn an event, where there are too many; 64\n"
    "  --checkpoints N     to cut, with their migration; 2\n"
    "  --depth N           cut the restarts as well, 1..3; --nested N cases of each, 64\n"
    "  --workload NAME     demo: the images, left to themselves. Of NAME.img, where no step may\n"
    "                      be lost that was called durable: commit, a page that is journalled;\n"
    "                      transfer, a bank whose transfers are; churn, keys to nodes that come\n"
    "                      and go; paging (--ram 16), more than memory holds; mirror (two disks)\n"
    "  --jobs N            worker processes; as many as there are processors\n"
    "  --out DIR           results; what was ended goes on there: report.html to be looked at,\n"
    "                      result.json has the sums, junit.xml is for others' tools\n"
    "  --shard I/N         only that part, of 1/N .. N/N\n"
    "  --write-log FILE    the run's writes, for replay-log of Linux's dm-log-writes; FILE-1 of a\n"
    "                      second disk, ...\n"
    "  --case NAME         only that case, as a failure names it; --media FILE: what it leaves\n"
    "                      on the disk, as an image (FILE-1 of a second one, ...)\n"
    "  --kernel ELF, --ram MIB, --append STR, --check\n"
    "                      the machine, as of latchkey run; 32 MiB\n"
    "  --interval MS       between checkpoints, of the machine's time; 20\n"
    "  --json              print result.json's content\n"
    "\n"
    "The first failure is made as small as it can be (the earliest event, the fewest writes that\n"
    "survive, the shortest run) and told in one line: which write matters, who in the kernel sent\n"
    "it, and the command that repeats it; DIR/smallest has the command, too.\n"
    "\n"
    "latchkey campaign merge DIR... [--out DIR]   the sum of all shards\n"
    "latchkey campaign repro FILE                 a failure again, by the line it was told with\n"
    "\n"
    "exit status: 0 nothing was lost; 1 something was lost or is wrong; 4 it does not restart or\n"
    "does not go on; 2 usage; 3 the host refused, or a file is not what it should be\n";

const char *campaign_help(void)
{
    return help_text;
}

/* 1 is for what a campaign finds; a folder or an image that it cannot use is none of it. */
static int report(const struct error *error)
{
    int status = failure_tell(error);
    return status == 1 ? 3 : status;
}

/* --- how far it is --- */

struct progress_line {
    uint64_t start_ns; /* 0: no case was judged yet */
    bool terminal;
};

static void time_left_print(double seconds)
{
    unsigned long long whole = (unsigned long long)seconds;
    if (whole >= 3600)
        fprintf(stderr, "%llu h %02llu min left", whole / 3600, whole / 60 % 60);
    else if (whole >= 60)
        fprintf(stderr, "%llu min %02llu s left", whole / 60, whole % 60);
    else
        fprintf(stderr, "%llu s left", whole);
}

/* The line is written over, and gone at the end. */
static void progress_done(void *context, const struct campaign_progress *progress)
{
    struct progress_line *line = context;
    if (!line->terminal || progress->cases_all == 0)
        return;
    if (line->start_ns == 0)
        line->start_ns = host_clock_ns();
    double seconds = (double)(host_clock_ns() - line->start_ns) / 1e9;
    double rate = seconds > 0 ? (double)progress->cases_now / seconds : 0;
    fprintf(stderr, "\r\033[K%" PRIu64 " of %" PRIu64 " cases, %.0f %%, ", progress->cases,
            progress->cases_all, 100.0 * (double)progress->cases / (double)progress->cases_all);
    if (progress->failures)
        fprintf(stderr, "%" PRIu64 " failed, ", progress->failures);
    if (rate > 0) {
        fprintf(stderr, "%.0f a second, ", rate);
        time_left_print((double)(progress->cases_all - progress->cases) / rate);
    } else {
        fputs("the first are being judged", stderr);
    }
    if (progress->cases == progress->cases_all)
        fputs("\r\033[K", stderr);
}

/* --- what it found --- */

static void certificate_print(const struct campaign_summary *summary)
{
    printf("%" PRIu64 " events, %" PRIu64 " instructions covered; policies", summary->events,
           summary->instructions);
    for (unsigned policy = 0; policy < CAMPAIGN_POLICY_COUNT; policy++)
        if (summary->policies >> policy & 1)
            printf(" %s", campaign_policy_name(policy));
    printf("\n");
    if (summary->policies >> CAMPAIGN_SUBSET & 1)
        printf("subset: all of up to %" PRIu64 " writes in a cache; of more, each lost and kept "
               "alone, and %" PRIu64 " drawn\n",
               summary->subsets, summary->draws);
    if ((summary->policies >> CAMPAIGN_SUBSET & 1) && summary->reads)
        printf("and all of the writes that a restart reads, but at %" PRIu64 " events, where these "
               "are too many\n",
               summary->incomplete);
    if (summary->sample)
        printf("only a sample of %" PRIu64 " cases\n", summary->sample);
    if (!campaign_summary_whole(summary) && !summary->sample)
        printf("only the phases that were asked for\n");
}

static const char *command_of(const struct campaign_summary *summary)
{
    return summary->command ? summary->command : "latchkey campaign";
}

static void failures_print(const struct campaign_summary *summary)
{
    for (size_t i = 0; i < summary->listed && i < FAILURES_PRINTED; i++) {
        const struct campaign_failure *failure = &summary->list[i];
        const struct campaign_result *result = &failure->result;
        printf("%s: %s, instruction %" PRIu64 ", phase %s\n    %s --case %s\n",
               campaign_outcome_name(result->outcome), result->text, result->instructions,
               result->phase ? machine_phase_name(result->phase) : "none",
               command_of(summary), failure->name);
    }
    if (summary->failures > FAILURES_PRINTED)
        printf("and %" PRIu64 " more\n", summary->failures - FAILURES_PRINTED);
    char *again = campaign_smallest_command(summary);
    if (again)
        printf("smallest: %s; again: %s\n", summary->smallest, again);
    free(again);
}

static void summary_print(const struct campaign_summary *summary)
{
    char digest[33];
    digest_text(summary->digest, digest);
    certificate_print(summary);
    printf("%" PRIu64 " cases, %" PRIu64 " distinct, restarted in %" PRIu64 " ways, %" PRIu64
           " failures\n",
           summary->cases, summary->distinct, summary->recoveries, summary->failures);
    if (summary->faulty > 0)
        printf("%" PRIu64 " with a fault besides the cut: %" PRIu64 " refused as damaged\n",
               summary->faulty, summary->refused);
    if (summary->units_missing > 0)
        printf("%" PRIu64 " of %" PRIu64 " units are of other shards\n", summary->units_missing,
               summary->units);
    if (summary->restart_max_ns > 0)
        printf("restart: %.1f ms, %.1f .. %.1f, of the machine's time\n",
               (double)summary->restart_median_ns / 1e6, (double)summary->restart_min_ns / 1e6,
               (double)summary->restart_max_ns / 1e6);
    if (summary->cpu_seconds > 0)
        printf("%.0f distinct a second a core; at most %.0f MiB a process\n",
               (double)summary->distinct / summary->cpu_seconds,
               (double)summary->peak_kib / 1024);
    printf("digest %s\n", digest);
}

static bool repro_write(const char *out, const char *name, const char *command, const char *only,
                        struct error *error)
{
    char path[PATH_MAX];
    int length = snprintf(path, sizeof(path), "%s/%s", out, name);
    bool fits = length > 0 && (size_t)length < sizeof(path);
    FILE *stream = fits ? fopen(path, "w") : NULL;
    if (!stream)
        return error_set(error, ERROR_IO, "%.150s: %s", path, strerror(errno));
    fprintf(stream, "%s%s%s\n", command, only ? " --case " : "", only ? only : "");
    return fclose(stream) == 0 || error_set(error, ERROR_IO, "%.150s: %s", path, strerror(errno));
}

/* Failures were told with these words; they are kept for `repro`, one file a failure, and one for
 * the smallest. */
static bool repros_write(const struct campaign_summary *summary, const char *out,
                         struct error *error)
{
    bool good = true;
    char *smallest = campaign_smallest_command(summary);
    for (size_t i = 0; i < summary->listed && i < FAILURES_PRINTED && good; i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "failure-%zu", i + 1);
        good = repro_write(out, name, command_of(summary), summary->list[i].name, error);
    }
    good = good && (!smallest || repro_write(out, "smallest", smallest, NULL, error));
    free(smallest);
    return good;
}

static int summary_report(const struct campaign_summary *summary, bool json, const char *out)
{
    struct error error;
    if (json) {
        char *text = campaign_summary_json(summary);
        puts(text);
        free(text);
    } else {
        summary_print(summary);
        failures_print(summary);
    }
    if (out && !repros_write(summary, out, &error))
        return report(&error);
    return campaign_summary_status(summary);
}

static int campaign_carry_out(int argc, char **argv)
{
    struct campaign_words *words = memory_zeroed(1, sizeof(*words));
    struct campaign_summary summary = {.list = NULL};
    struct progress_line line = {.terminal = isatty(STDERR_FILENO)};
    const struct campaign_watcher watcher = {&line, progress_done};
    struct error error;
    int status;
    bool good = campaign_words_read(words, argc, argv, &error);
    if (good && line.terminal)
        fputs("learning the run", stderr);
    good = good && campaign_run(&words->options, &watcher, &summary, &error);
    if (line.terminal)
        fputs("\r\033[K", stderr);
    if (good)
        status = summary_report(&summary, words->json, words->options.out);
    else
        status = report(&error);
    campaign_summary_finish(&summary);
    campaign_words_finish(words);
    free(words);
    return status;
}

/* --- merge and repro --- */

static int campaign_merge_words(int argc, char **argv)
{
    const char **folders = memory_zeroed(CAMPAIGN_FOLDERS_MAX, sizeof(*folders));
    const char *out = NULL;
    struct campaign_summary summary = {.list = NULL};
    unsigned count = 0;
    struct error error;
    bool good = true, json = false;
    for (int i = 0; i < argc && good; i++) {
        if (strcmp(argv[i], "--out") == 0 && i + 1 < argc)
            out = argv[++i];
        else if (strcmp(argv[i], "--json") == 0)
            json = true;
        else if (argv[i][0] == '-' || argv[i][0] == '\0')
            good = error_set(&error, ERROR_USAGE,
                             "campaign merge: %.80s: unknown or incomplete option", argv[i]);
        else if (count == CAMPAIGN_FOLDERS_MAX)
            good = error_set(&error, ERROR_LIMIT, "campaign merge: more than %u folders",
                             CAMPAIGN_FOLDERS_MAX);
        else
            folders[count++] = argv[i];
    }
    if (good && count == 0)
        good = error_set(&error, ERROR_USAGE, "campaign merge: no folder given");
    if (good && out && *out == '\0')
        good = error_set(&error, ERROR_USAGE, "campaign merge: --out: the name is empty");
    int status = good && campaign_merge(folders, count, out, &summary, &error)
                     ? summary_report(&summary, json, out)
                     : report(&error);
    campaign_summary_finish(&summary);
    free(folders);
    return status;
}

/* The next word of a line as campaign_words_read() quotes it; it is changed in place. NULL: no
 * more. */
static char *word_next(char **rest)
{
    char *at = *rest + strspn(*rest, " \n"), *word = at, *to = at;
    if (*at == '\0')
        return NULL;
    for (bool quoted = false; *at && (quoted || (*at != ' ' && *at != '\n')); at++) {
        if (*at == '\'')
            quoted = !quoted;
        else if (*at == '\\' && !quoted && at[1] != '\0')
            *to++ = *++at;
        else
            *to++ = *at;
    }
    *rest = *at ? at + 1 : at;
    *to = '\0';
    return word;
}

static int campaign_repro(const char *path)
{
    struct error error;
    uint8_t *text;
    size_t size_bytes;
    char *words[REPRO_WORDS_MAX], *word;
    int count = 0;
    if (!input_read(path, REPRO_BYTES_MAX, &text, &size_bytes, &error))
        return report(&error);
    char *rest = (char *)text;
    while (count < (int)REPRO_WORDS_MAX && (word = word_next(&rest)))
        words[count++] = word;
    int status;
    if (count < 4 || strcmp(words[0], "latchkey") != 0 || strcmp(words[1], "campaign") != 0 ||
        strcmp(words[2], "repro") == 0 || strcmp(words[2], "merge") == 0) {
        (void)error_set(&error, ERROR_FORMAT, "%.150s: not a line that a failure was told with",
                        path);
        status = report(&error);
    } else {
        status = campaign_carry_out(count - 2, words + 2);
    }
    free(text);
    return status;
}

int campaign_command(int argc, char **argv)
{
    struct error error;
    if (argc > 0 && strcmp(argv[0], "merge") == 0)
        return campaign_merge_words(argc - 1, argv + 1);
    if (argc == 2 && strcmp(argv[0], "repro") == 0)
        return campaign_repro(argv[1]);
    if (argc > 0 && strcmp(argv[0], "repro") == 0) {
        (void)error_set(&error, ERROR_USAGE, "campaign repro: expected one file");
        return report(&error);
    }
    return campaign_carry_out(argc, argv);
}
