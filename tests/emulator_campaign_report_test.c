/* SPDX-License-Identifier: GPL-2.0-or-later */
/* emulator_campaign_report_test.c - what a campaign leaves for people and tools, from parts that
 * are made up: the numbers, the escaping, and that nothing depends on where the parts were. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/input_file.h"
#include "emulator/base/json.h"
#include "emulator/base/output_file.h"
#include "emulator/campaign_report.h"
#include "tests/support_disks.h"

#define UNITS 3u
#define HOSTILE "<script>alert('x')</script> & \"quoted\" ]]> \xff --> 7"

static const char plan_text[] =
    "latchkey-plan 1\nkernel 0123456789abcdef\nimage-0 00112233445566778899aabbccddeeff\n"
    "append <b>bold & brave</b>\nworkload demo\ncheckpoints 2\npolicies 3\nphases 0\ndraws 8\n"
    "subsets 6\nreads 0\nincomplete 0\n"
    "sample 0 seed 0\ninstructions 1000\nevents 3\ncases 7\nunits 3\n"
    "mark-0 100 phase 2\nmark-1 200 restarted 4\nmark-2 400 phase 6\nmark-3 600 committed 5\n"
    "event-0 0 phase 0 disk 0 settle promised 4 state 0 sector 0 count 0 doubt 0\n"
    "event-1 500 phase 6 disk 0 write promised 4 state 0 sector 12 count 8 doubt 8\n"
    "event-2 600 phase 6 disk 0 settle promised 5 state 0 sector 12 count 1 doubt 0\n";

static const struct {
    const char *name;
    struct campaign_result result;
} units[UNITS][3] = {
    {{"event=0,policy=keep",
      {.outcome = OUTCOME_PASSED, .generation = 4, .media = 1, .recovery = 1, .digest = {1, 1},
       .restart_ns = 4000000}},
     {"event=1,policy=keep",
      {.outcome = OUTCOME_PASSED, .phase = 6, .generation = 5, .media = 2, .recovery = 2,
       .digest = {2, 2}, .restart_ns = 6000000}},
     {"event=0,policy=keep,fault=unreadable,on=0,sector=5",
      {.outcome = OUTCOME_PASSED, .generation = 3, .media = 6, .recovery = 6, .digest = {1, 1},
       .text = "refused: it cannot be read"}}},
    {{"event=1,policy=drop",
      {.outcome = OUTCOME_PASSED, .phase = 6, .generation = 4, .media = 1, .recovery = 1,
       .digest = {1, 1}, .restart_ns = 5000000}},
     {"event=2,policy=drop",
      {.outcome = OUTCOME_LOST, .phase = 6, .instructions = 600, .generation = 4, .media = 3,
       .recovery = 3, .digest = {1, 1}, .text = HOSTILE}}},
    {{"event=2,policy=keep",
      {.outcome = OUTCOME_PASSED, .phase = 6, .generation = 5, .media = 4, .recovery = 4,
       .digest = {2, 2}, .restart_ns = 6000000}},
     {"event=2,policy=keep/event=1,policy=drop",
      {.outcome = OUTCOME_NO_CHECKPOINT, .phase = 2, .instructions = 77, .media = 5,
       .recovery = 5, .text = "waits"}}},
};

static void file_put(const char *folder, const char *name, const char *text)
{
    char path[SCRATCH_PATH_BYTES + 20];
    struct error error;
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    cr_assert(output_write(path, text, strlen(text), &error), "%s", error.text);
}

static char *file_get(const char *folder, const char *name)
{
    char path[SCRATCH_PATH_BYTES + 20];
    struct error error;
    uint8_t *bytes;
    size_t size_bytes;
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    cr_assert(input_read(path, 1u << 20, &bytes, &size_bytes, &error), "%s", error.text);
    cr_assert_eq(strlen((char *)bytes), size_bytes, "%s holds a NUL", name);
    return (char *)bytes;
}

/* A folder with those units whose bits are set. */
static void folder_fill(const char *folder, unsigned which)
{
    struct campaign_plan plan;
    struct error error;
    bool missing;
    file_put(folder, "plan", plan_text);
    file_put(folder, "command", "latchkey campaign '<img src=x>.img' --append 'a & b'\n");
    cr_assert(campaign_plan_read(&plan, folder, &missing, &error), "%s", error.text);
    cr_assert_not(missing);
    for (unsigned unit = 0; unit < UNITS; unit++) {
        struct byte_writer part = {0};
        char path[SCRATCH_PATH_BYTES + 20];
        if (!(which >> unit & 1))
            continue;
        campaign_part_begin(&part, plan.hash, unit);
        for (unsigned i = 0; i < 3 && units[unit][i].name; i++)
            campaign_part_add(&part, units[unit][i].name, &units[unit][i].result);
        campaign_part_end(&part);
        cr_assert(campaign_part_path(folder, unit, path, sizeof(path)));
        cr_assert(output_write(path, part.data, part.size_bytes, &error), "%s", error.text);
        writer_finish(&part);
    }
    campaign_plan_finish(&plan);
}

/* Merge folders into the first. */
static void merge(const char *const *folders, unsigned count, struct campaign_summary *summary)
{
    struct error error;
    cr_assert(campaign_merge(folders, count, folders[0], summary, &error), "%s", error.text);
}

/* Is it well-formed as far as such reports go? Counts the elements of a name. */
static unsigned elements_count(const char *xml, const char *name)
{
    char open[16][32];
    unsigned depth = 0, count = 0;
    cr_assert(strncmp(xml, "<?xml ", 6) == 0);
    for (const char *at = strchr(xml, '>') + 1; *at; at++) {
        char tag[32];
        if (*at == '&')
            cr_assert(strspn(at + 1, "abcdefghijklmnopqrstuvwxyz#0123456789") > 1 &&
                      at[1 + strspn(at + 1, "abcdefghijklmnopqrstuvwxyz#0123456789")] == ';');
        cr_assert_neq(strncmp(at, "]]>", 3), 0, "not allowed in text");
        if (*at != '<')
            continue;
        bool closes = at[1] == '/';
        const char *end = at + 1 + closes;
        size_t length = strspn(end, "abcdefghijklmnopqrstuvwxyz");
        cr_assert(length > 0 && length < sizeof(tag), "%.40s", at);
        (void)snprintf(tag, sizeof(tag), "%.*s", (int)length, end);
        for (bool quoted = false; quoted || *end != '>'; end++) {
            cr_assert(*end != '\0' && *end != '<', "%.60s", at);
            quoted = quoted != (*end == '"');
        }
        if (closes)
            cr_assert(depth > 0 && strcmp(open[--depth], tag) == 0, "%.40s", at);
        else if (end[-1] != '/')
            memcpy(open[depth++], tag, sizeof(tag));
        cr_assert_lt(depth, 16);
        count += !closes && strcmp(tag, name) == 0;
        at = end;
    }
    cr_assert_eq(depth, 0);
    return count;
}

Test(campaign_report, the_numbers_are_those_of_the_parts)
{
    struct scratch scratch;
    struct campaign_summary summary;
    struct error error;
    bool missing;
    scratch_make(&scratch);
    folder_fill(scratch.folder, 7);
    const char *folder = scratch.folder;
    merge(&folder, 1, &summary);
    cr_expect_eq(summary.cases, 7);
    cr_expect_eq(summary.distinct, 6);
    cr_expect_eq(summary.states, 3);
    cr_expect_eq(summary.safety, 1);
    cr_expect_eq(summary.liveness, 1);
    cr_expect_eq(campaign_summary_status(&summary), 1);
    struct campaign_plan plan;
    struct campaign_report report;
    cr_assert(campaign_plan_read(&plan, folder, &missing, &error), "%s", error.text);
    const struct campaign_parts parts = {&plan, &folder, 1, 0, 1};
    cr_assert(campaign_report_make(&report, &parts, &summary, &error), "%s", error.text);
    cr_assert_eq(report.point_count, 3);
    cr_assert_eq(report.mark_count, 4);
    cr_expect_eq(report.marks[3].kind, CAMPAIGN_MARK_COMMITTED);
    cr_expect_eq(report.marks[3].argument, 5);
    cr_expect_eq(report.points[1].doubt, 8);
    cr_expect(report.points[2].settles);
    cr_expect_eq(report.points[2].cells[CAMPAIGN_KEEP].passed, 1);
    cr_expect_eq(report.points[2].cells[CAMPAIGN_KEEP].failed, 1, "of its restart");
    cr_expect_eq(report.points[2].cells[CAMPAIGN_DROP].failure, 0);
    cr_expect_eq(report.points[2].cells[CAMPAIGN_KEEP].failure, 1);
    cr_expect_eq(report.points[1].cells[CAMPAIGN_KEEP].failure, CAMPAIGN_NO_FAILURE);
    const struct campaign_left *keep = &report.left[CAMPAIGN_KEEP];
    const struct campaign_left *drop = &report.left[CAMPAIGN_DROP];
    cr_expect_eq(keep->announced, 2);
    cr_expect_eq(keep->newer, 1);
    cr_expect_eq(keep->older, 0, "with a fault it may be");
    cr_expect_eq(report.faults[DISK_FAULT_UNREADABLE].cases, 1);
    cr_expect_eq(report.faults[DISK_FAULT_UNREADABLE].refused, 1);
    cr_expect_eq(report.points[0].cells[CAMPAIGN_KEEP].passed, 1);
    cr_expect_eq(report.points[0].cells[CAMPAIGN_ROW_FAULT].passed, 1);
    cr_expect(campaign_row_shown(&report, CAMPAIGN_ROW_FAULT));
    cr_expect_not(campaign_row_shown(&report, CAMPAIGN_TORN));
    cr_expect_eq(drop->announced, 1);
    cr_expect_eq(drop->older, 1);
    cr_expect_eq(drop->nested, 1);
    cr_expect_eq(drop->failed, 2);
    cr_expect_eq(keep->media, 3);
    cr_expect_eq(report.restarts.list[report.restarts.count - 1], 6000000);
    campaign_report_finish(&report);
    campaign_plan_finish(&plan);
    campaign_summary_finish(&summary);
    scratch_remove(&scratch);
}

Test(campaign_report, what_others_wrote_is_text_in_xml_html_and_json)
{
    struct scratch scratch;
    struct campaign_summary summary;
    scratch_make(&scratch);
    folder_fill(scratch.folder, 7);
    const char *folder = scratch.folder;
    merge(&folder, 1, &summary);
    campaign_summary_finish(&summary);
    char *xml = file_get(folder, "junit.xml"), *page = file_get(folder, "report.html");
    char *text = file_get(folder, "result.json");
    cr_expect_eq(elements_count(xml, "testcase"), 6, "%s", xml);
    cr_expect_eq(elements_count(xml, "testsuite"), 2);
    cr_expect_eq(elements_count(xml, "failure"), 2);
    cr_expect_not_null(strstr(xml, "tests=\"6\" failures=\"2\""));
    cr_expect_not_null(strstr(xml, "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; "
                                   "&quot;quoted&quot; ]]&gt; ? --&gt; 7"));
    cr_expect_null(strstr(page, "<script"));
    cr_expect_null(strstr(page, "<img"));
    cr_expect_null(strstr(page, "<b>bold"));
    cr_expect_null(strstr(page, "\xff"));
    cr_expect_not_null(strstr(page, "&lt;script&gt;alert("));
    cr_expect_not_null(strstr(page, "1 of 7 cases lost something"));
    cr_expect_not_null(strstr(page, "latchkey campaign &#39;&lt;img src=x&gt;.img&#39; --append "
                                    "&#39;a &amp; b&#39; --case event=2,policy=drop</pre>"));
    static const char *const loads[] = {"http", "url(", "@import", "<link", "<iframe", "<object"};
    for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++)
        cr_expect_null(strstr(page, loads[i]), "loads something: %s", loads[i]);
    cJSON *object = cJSON_Parse(text);
    cr_assert_not_null(object, "%s", text);
    const cJSON *first = cJSON_GetArrayItem(cJSON_GetObjectItem(object, "failed"), 0);
    cr_expect_str_eq(cJSON_GetObjectItem(first, "why")->valuestring,
                     "<script>alert('x')</script> & \"quoted\" ]]> ? --> 7");
    cr_expect_str_eq(cJSON_GetObjectItem(first, "repro")->valuestring,
                     "latchkey campaign '<img src=x>.img' --append 'a & b' "
                     "--case event=2,policy=drop");
    const cJSON *plan = cJSON_GetObjectItem(object, "plan");
    cr_expect_str_eq(cJSON_GetObjectItem(plan, "append")->valuestring, "<b>bold & brave</b>");
    cJSON_Delete(object);
    free(text);
    free(page);
    free(xml);
    scratch_remove(&scratch);
}

Test(campaign_report, folders_in_any_order_give_the_same_bytes)
{
    static const char *const files[] = {"result.json", "junit.xml", "report.html"};
    struct scratch scratch[3];
    const unsigned which[3] = {1, 6, 7};
    const char *folders[3];
    for (unsigned i = 0; i < 3; i++) {
        scratch_make(&scratch[i]);
        folder_fill(scratch[i].folder, which[i]);
        folders[i] = scratch[i].folder;
    }
    const char *const split[] = {folders[0], folders[1]};
    const char *const turned[] = {folders[1], folders[2], folders[0]};
    struct campaign_summary summary;
    merge(&folders[2], 1, &summary);
    campaign_summary_finish(&summary);
    for (unsigned order = 0; order < 2; order++) {
        merge(order ? turned : split, order ? 3 : 2, &summary);
        campaign_summary_finish(&summary);
        for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
            char *one = file_get(folders[2], files[i]);
            char *other = file_get(folders[order], files[i]);
            cr_expect_str_eq(one, other, "%s", files[i]);
            free(one);
            free(other);
        }
    }
    for (unsigned i = 0; i < 3; i++)
        scratch_remove(&scratch[i]);
}

Test(campaign_report, a_plan_that_somebody_changed_is_refused)
{
    static const char *const wrong[][2] = {
        {"event-2 600 phase 6", "event-2 600 phase 9"},
        {"event-2 600 phase 6 disk 0", "event-2 600 phase 6 disk 99"},
        {"promised 5 state", "promised five state"},
        {"mark-3 600 committed 5", "mark-3 600 remitted 5"},
        {"mark-2 400 phase 6", "mark-2 400 phase 60"},
        {"\nevents 3", "\nevents 4"},
        {"\ninstructions 1000", "\ninstructions 18446744073709551615"},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct byte_writer text = {0};
        struct campaign_report report;
        const struct campaign_summary summary = {.cases = 0};
        struct error error;
        const char *at = strstr(plan_text, wrong[i][0]);
        cr_assert_not_null(at, "%s", wrong[i][0]);
        write_bytes(&text, plan_text, (size_t)(at - plan_text));
        write_bytes(&text, wrong[i][1], strlen(wrong[i][1]));
        at += strlen(wrong[i][0]);
        write_bytes(&text, at, strlen(at) + 1);
        const struct campaign_plan plan = {.text = (char *)text.data,
                                           .events = i == 5 ? 4 : 3,
                                           .instructions = i == 6 ? UINT64_MAX : 1000};
        const struct campaign_parts parts = {&plan, NULL, 0, 0, 1};
        cr_expect_not(campaign_report_make(&report, &parts, &summary, &error), "%s", wrong[i][1]);
        cr_expect_eq(error.code, ERROR_FORMAT);
        campaign_report_finish(&report);
        writer_finish(&text);
    }
}
