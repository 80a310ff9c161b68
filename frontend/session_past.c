/* SPDX-License-Identifier: GPL-2.0-or-later */
/* session_past.c - the past of a session, as session.h has it: back and forth, and on from there.
 * Calls timeline, history, replay. */
#include <assert.h>

#include "frontend/pace.h"
#include "frontend/session.h"

#define HELD_CODES 0x300u /* Linux codes of keys and buttons: input-event-codes.h, KEY_MAX */

bool session_in_past(const struct session *session)
{
    return session->timeline && !timeline_live(session->timeline);
}

const struct record *session_record(const struct session *session)
{
    assert(session->history || session->replay);
    return session->history ? history_record(session->history)
                            : replay_record(session->replay);
}

/* A timeline that failed can go nowhere. */
static void seek_judge(struct session *session, bool good, const struct error *error)
{
    if (!good)
        session_fail(session, error);
}

void session_seek(struct session *session, uint64_t time_ns)
{
    struct error error;
    uint64_t begin = timeline_begin_ns(session->timeline);
    time_ns = time_ns < begin ? begin : time_ns;
    seek_judge(session, timeline_seek_time(session->timeline, time_ns, &error), &error);
}

void session_seek_instruction(struct session *session, uint64_t instructions)
{
    struct error error;
    uint64_t begin = timeline_begin(session->timeline), end = timeline_end(session->timeline);
    instructions = instructions < begin ? begin : instructions > end ? end : instructions;
    seek_judge(session, timeline_seek(session->timeline, instructions, &error), &error);
}

void session_seek_end(struct session *session)
{
    struct error error;
    seek_judge(session, timeline_seek_end(session->timeline, &error), &error);
}

enum session_state session_play(struct session *session, const struct machine_until *slice)
{
    struct timeline_stop stop;
    struct error error;
    assert(session_in_past(session));
    if (session->end != SESSION_NOT_ENDED)
        return SESSION_ENDED;
    uint64_t start = host_clock_ns();
    bool good = timeline_run(session->timeline, slice, &stop, &error);
    session->host_ns += host_clock_ns() - start;
    seek_judge(session, good, &error);
    return !good                            ? SESSION_ENDED
           : stop.reason == TIMELINE_END ? SESSION_WAITS
                                            : SESSION_RUNS;
}

/* What the guest believes is held down, nobody holds any more. */
static void held_release(struct session *session)
{
    bool held[HELD_CODES] = {false};
    enum machine_input_kind kinds[HELD_CODES];
    const struct record *record = session_record(session);
    for (size_t i = 0; i < timeline_entry(session->timeline); i++) {
        const struct machine_input *input = &record->entries[i].input;
        if (record->entries[i].kind == RECORD_RESET)
            for (unsigned code = 0; code < HELD_CODES; code++)
                held[code] = false;
        if (record->entries[i].kind != RECORD_INPUT ||
            (input->kind != INPUT_KEY && input->kind != INPUT_BUTTON) ||
            input->code >= HELD_CODES)
            continue;
        held[input->code] = input->down;
        kinds[input->code] = input->kind;
    }
    for (unsigned code = 0; code < HELD_CODES; code++) {
        const struct machine_input up = {.time_ns = machine_time_ns(session->machine),
                                         .kind = kinds[code], .code = (uint16_t)code};
        if (held[code])
            (void)machine_input(session->machine, &up); /* a full queue takes nothing anyway */
    }
}

void session_continue(struct session *session)
{
    struct error error;
    if (!session_in_past(session) || session->end == SESSION_END_ERROR)
        return;
    bool good = session->history ? history_continue(session->history, &error)
                                 : timeline_continue(session->timeline, &error);
    seek_judge(session, good, &error);
    if (good)
        held_release(session);
}

bool session_is_off(const struct session *session)
{
    const struct record *record = session_record(session);
    for (size_t i = timeline_entry(session->timeline); i-- > 0;)
        if (record->entries[i].kind == RECORD_CUT || record->entries[i].kind == RECORD_RESET)
            return record->entries[i].kind == RECORD_CUT;
    return false;
}

bool session_save(struct session *session, const char *path, struct error *error)
{
    return session->history ? history_save(session->history, path, error)
                            : replay_save(session->replay, path, error);
}
