/* SPDX-License-Identifier: GPL-2.0-or-later */
/* view.h - what window_run.c shows and drives. Private to it and to view_past.c, which goes back
 * and forth in the run. */
#ifndef LATCHKEY_FRONTEND_VIEW_H
#define LATCHKEY_FRONTEND_VIEW_H

#include "frontend/console_log.h"
#include "frontend/ledger_panel.h"
#include "frontend/pace.h"
#include "frontend/scrub.h"
#include "frontend/session.h"
#include "frontend/signals.h"
#include "frontend/window.h"

#define VIEW_FRAME_NS 16666667u
#define VIEW_ROUND_NS 14000000u /* of a frame for the machine; the rest is for drawing */
#define VIEW_NOWHERE UINT64_MAX

enum panel { PANEL_NONE, PANEL_HELP, PANEL_CONSOLE, PANEL_LEDGER };

struct lamp {
    uint64_t reads, writes; /* seen */
    uint64_t read_until_ns, write_until_ns;
};

/* The past, as it is shown. */
struct view_past {
    struct scrub scrub;
    struct window_past shown;
    bool looked_at;
    bool recorded;      /* of a trace that nobody has gone on from yet: always looked at */
    bool plays;
    uint64_t wanted_ns; /* where to be next; VIEW_NOWHERE: here */
    uint64_t mark_after_ns; /* or at the first mark after this, if one comes up; VIEW_NOWHERE */
    uint64_t shifts;    /* how often the picture may have become another one with the same serial */
    char text[160], text_short[80];
};

struct view {
    struct session session;
    struct options options; /* of the run; of a recorded one, of what comes after it */
    struct signals signals;
    struct window *window;
    struct window_picture picture;
    struct console_log log;
    struct pace pace;
    struct lamp lamps[WINDOW_LAMPS_MAX];
    struct view_past past;
    unsigned speed; /* index of speeds[], in window_run.c */
    enum panel panel;
    struct ledger_panel *ledger; /* while it is shown; else NULL */
    bool paused, waits, off;
    uint64_t rate_host_ns, rate_instructions; /* when the rate was last taken */
    double mips;
    uint64_t notice_until_ns;
    unsigned screenshots, saves;
    char status[160], notice[160];
    char console[(TERMINAL_COLUMNS + 1) * TERMINAL_ROWS + 1];
};

/* Of window_run.c: view_pace - from now on, in step with the host clock. view_notice - show a line
 * for a while. view_path - a name for a file that is not there yet: latchkey-N and an ending. */
void view_pace(struct view *view);
void view_notice(struct view *view, const char *text);
void view_path(unsigned *number, const char *ending, char path[64]);

/* view_past_open - once there is a session. view_past_follower - what its timeline tells. */
void view_past_open(struct view *view);
struct timeline_follower view_past_follower(struct view *view);
/* view_past_command - one that is about the past, or that must not reach the machine there. false:
 * none of these. view_past_event - the same for anything else that the user did. */
bool view_past_command(struct view *view, enum window_command command);
bool view_past_event(struct view *view, const struct window_event *event);
/* view_past_run - go where the user wants to, or play; until host_ns at most, but for a seek. */
void view_past_run(struct view *view, uint64_t host_ns);
/* view_past_pass - go on, as session_run() or session_play() has it, to a virtual time, or until
 * host time host_ns, or until it does not run any more. What the machine does on the way gets its
 * marks on the bar. view_past_see - the same after anything else that it was made to do. */
enum session_state view_past_pass(struct view *view,
                                  enum session_state (*way)(struct session *session,
                                                            const struct machine_until *slice),
                                  uint64_t time_ns, uint64_t host_ns);
void view_past_see(struct view *view);
/* view_past_show - into the picture. */
void view_past_show(struct view *view);

#endif
