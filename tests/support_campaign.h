/* SPDX-License-Identifier: GPL-2.0-or-later */
/* support_campaign.h - campaigns as a user types them, and their sums, for tests. */
#ifndef LATCHKEY_TESTS_SUPPORT_CAMPAIGN_H
#define LATCHKEY_TESTS_SUPPORT_CAMPAIGN_H

#include <cjson/cJSON.h>

/* campaign_passes - run `latchkey campaign` with these words, which must find nothing lost. The
 * caller deletes its result.json. */
cJSON *campaign_passes(const char *words);
/* campaign_count - a number of it. */
double campaign_count(const cJSON *object, const char *name);

#endif
