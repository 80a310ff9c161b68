/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bench_main.c - the measuring program: latchkey_bench BUILD [--suite NAME]... [--json FILE]
 * [--repeats N] [--quick]. Called by bench/run. --quick: only what takes seconds. Exit status 0:
 * every must is reached; 1: not, or a wrong answer; 2 usage; 3 environment.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "emulator/base/memory.h"

#define REPEATS_DEFAULT 5u

static const struct suite {
    const char *name;
    bool (*run)(struct bench *bench, struct error *error); /* NULL: of a later version */
} suites[] = {
    {"machine", cpu_bench},
    {"message", message_bench},
    {"kernel", kernel_bench},
    {"store", store_bench},
    {"campaign", campaign_bench},
    {"replay", replay_bench},
    {"timing", timing_bench},
    {"domains", NULL},
};
#define SUITE_COUNT (sizeof(suites) / sizeof(suites[0]))

struct request {
    const char *json_path;
    bool wanted[SUITE_COUNT];
    bool any; /* a suite was named */
    bool quick;
    unsigned repeats;
};

static bool suite_want(struct request *request, const char *name, struct error *error)
{
    for (size_t i = 0; i < SUITE_COUNT; i++) {
        if (strcmp(suites[i].name, name) != 0)
            continue;
        if (!suites[i].run)
            return error_set(error, ERROR_UNSUPPORTED, "--suite %s: not in this version", name);
        request->wanted[i] = true;
        request->any = true;
        return true;
    }
    return error_set(error, ERROR_USAGE, "--suite %.40s: no such suite", name);
}

static bool repeats_parse(struct request *request, const char *text, struct error *error)
{
    char *end;
    unsigned long number = strtoul(text, &end, 10);
    if (*end != '\0' || number < 1 || number > BENCH_REPEATS_MAX)
        return error_set(error, ERROR_LIMIT, "--repeats %.40s: expected 1..%u", text,
                         BENCH_REPEATS_MAX);
    request->repeats = (unsigned)number;
    return true;
}

static bool request_parse(struct request *request, int argc, char **argv, struct error *error)
{
    *request = (struct request){.repeats = REPEATS_DEFAULT};
    for (int i = 2; i < argc; i++) {
        const char *option = argv[i];
        if (strcmp(option, "--quick") == 0) {
            request->quick = true;
            continue;
        }
        bool json = strcmp(option, "--json") == 0, suite = strcmp(option, "--suite") == 0;
        if (!json && !suite && strcmp(option, "--repeats") != 0)
            return error_set(error, ERROR_USAGE, "%.60s: unknown option", option);
        if (i + 1 == argc)
            return error_set(error, ERROR_USAGE, "%s: needs a value", option);
        const char *value = argv[++i];
        if (json)
            request->json_path = value;
        else if (!(suite ? suite_want(request, value, error)
                         : repeats_parse(request, value, error)))
            return false;
    }
    for (size_t i = 0; i < SUITE_COUNT; i++)
        if (!request->any && suites[i].run)
            request->wanted[i] = true;
    return true;
}

static bool suites_run(struct bench *bench, const struct request *request, struct error *error)
{
    for (size_t i = 0; i < SUITE_COUNT; i++)
        if (request->wanted[i] && !suites[i].run(bench, error))
            return false;
    return true;
}

static int fail(const struct error *error)
{
    fprintf(stderr, "latchkey: bench: %s\n", error->text);
    return error_exit_status(error);
}

int main(int argc, char **argv)
{
    struct request request;
    struct error error;
    if (argc < 2) {
        fputs("latchkey: bench: usage: latchkey_bench BUILD [--suite NAME] [--json FILE]\n",
              stderr);
        return 2;
    }
    struct bench *bench = memory_zeroed(1, sizeof(*bench));
    if (!request_parse(&request, argc, argv, &error)) {
        free(bench);
        return fail(&error);
    }
    bench->build_path = argv[1];
    bench->repeats = request.repeats;
    bench->quick = request.quick;
    bool good = suites_run(bench, &request, &error);
    bench_table_print(bench);
    if (good && request.json_path)
        good = bench_json_write(bench, request.json_path, &error);
    bool reached = true;
    for (size_t i = 0; i < bench->row_count; i++)
        reached = bench_row_good(&bench->rows[i]) && reached;
    free(bench);
    if (!good)
        return fail(&error);
    return reached ? 0 : 1;
}
