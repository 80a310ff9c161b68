/* SPDX-License-Identifier: GPL-2.0-or-later */
/* frontend_packages_test.c - the scripts install what is missing, as root or through sudo, and
 * nothing else; and they say so. dpkg-query, apt-get, id and sudo are stood in for, so nothing is
 * installed.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support_command.h"

/* A folder of stand-ins first in PATH. Only the package "there" is installed; apt-get writes down
 * what it was asked for, and fails when asked for "broken". $USER_ID is what id says. */
static const char stand_ins[] =
    "set -eu; d=$(mktemp -d); trap 'rm -rf $d' EXIT; mkdir $d/bin\n"
    "make() { printf '#!/bin/sh\\n%s\\n' \"$2\" > $d/bin/$1; chmod +x $d/bin/$1; }\n"
    "make dpkg-query 'for last; do :; done; case $last in there) echo install ok installed;; "
    "*) exit 1;; esac'\n"
    "make apt-get \"echo \\\"\\$@\\\" >> $d/asked; case \\\"\\$*\\\" in *broken*) echo no such "
    "package; "
    "exit 100;; esac\"\n"
    "make id 'echo $USER_ID'\n"
    "[ -z \"${SUDO:-}\" ] || make sudo \"echo sudo >> $d/asked; exec \\\"\\$@\\\"\"\n"
    "for tool in bash mkdir dirname tail env; do ln -s $(command -v $tool) $d/bin/$tool; done\n"
    "try() { PATH=$d/bin bash -c '. \"$0\"/frontend/packages.sh; packages_ensure \"to test\" "
    "\"$1\"/log "
    "\"${@:2}\"' " LATCHKEY_SOURCE_DIR " $d \"$@\" || echo status $?; }\n";

static struct command_result *packages_try(const char *setting, const char *names)
{
    char *script = NULL;
    cr_assert(asprintf(&script, "export %s\n%stry %s; cat $d/asked 2>/dev/null || echo nothing",
                       setting, stand_ins, names) > 0);
    struct command_result *result = command_run(script);
    free(script);
    return result;
}

Test(packages, nothing_is_asked_for_when_nothing_is_missing)
{
    struct command_result *result = packages_try("USER_ID=0", "there there");
    cr_expect_str_eq(result->output, "nothing\n");
    cr_expect_str_eq(result->errors, "");
    free(result);
}

Test(packages, what_is_missing_is_installed_by_root_and_named_with_the_reason)
{
    struct command_result *result = packages_try("USER_ID=0", "there one two");
    const char *update = strstr(result->output, "update\n");
    const char *install = strstr(result->output, "install -y --no-install-recommends one two\n");
    cr_expect(update && install && update < install, "%s", result->output);
    cr_expect(!strstr(result->output, "there"), "%s", result->output);
    cr_expect(!strstr(result->output, "sudo"), "%s", result->output);
    cr_expect(command_one_line(result, "to test: one two"), "%s", result->errors);
    free(result);
}

Test(packages, another_user_goes_through_sudo)
{
    struct command_result *result = packages_try("USER_ID=1000 SUDO=1", "one");
    cr_expect(strstr(result->output, "sudo\n"), "%s", result->output);
    cr_expect(strstr(result->output, "install -y --no-install-recommends one\n"), "%s",
              result->output);
    free(result);
}

Test(packages, without_root_and_sudo_it_says_what_is_needed_with_status_3)
{
    struct command_result *result = packages_try("USER_ID=1000", "one two");
    cr_expect_str_eq(result->output, "status 3\nnothing\n");
    cr_expect(command_one_line(result, "neither root nor sudo: one two"), "%s", result->errors);
    free(result);
}

Test(packages, a_failing_installation_shows_the_end_of_its_log_with_status_3)
{
    struct command_result *result = packages_try("USER_ID=0", "broken");
    cr_expect(strstr(result->output, "status 3\n"), "%s", result->output);
    cr_expect(strstr(result->errors, "no such package"), "%s", result->errors);
    cr_expect(strstr(result->errors, "apt-get install failed"), "%s", result->errors);
    free(result);
}
