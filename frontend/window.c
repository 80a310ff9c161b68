/* SPDX-License-Identifier: GPL-2.0-or-later */
/* window.c - SDL: the window, its texture, text, buttons and events. Called by window_run.c.
 *
 * The picture keeps its shape and is scaled to the room above the bars. Function keys belong to the
 * window and are not seen by the guest, nor is anything while the past is looked at; everything
 * else typed, or pointed into the picture, goes to the guest.
 *
 * Invariants
 *  1. A key or button that was pressed for the guest is released for the guest, also when the focus
 * goes or the console opens in between.
 *  2. All text comes from one texture of ASCII glyphs, made once.
 */
#include "frontend/window.h"

#include <SDL.h>
#include <SDL_ttf.h>
#include <assert.h>
#include <linux/input-event-codes.h>
#include <string.h>

#include "frontend/keymap.h"
#include "frontend/window_draw.h"

#define FONT_PATH "/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf"
#define FONT_POINTS 13
#define GLYPH_FIRST 32
#define GLYPH_COUNT 95 /* printable ASCII */
#define HELD_MAX 512u  /* key and button codes end below 0x200 */
#define BUTTON_CODE_FIRST BTN_MOUSE
#define CONSOLE_SHARE 55 /* percent of the picture's height that the console panel covers */

static const SDL_Color colors[PAINT_COUNT] = {
    [PAINT_INK] = {226, 232, 240, 255},        [PAINT_DIM] = {148, 163, 184, 255},
    [PAINT_NOTICE] = {253, 224, 71, 255},      [PAINT_NIGHT] = {10, 12, 18, 255},
    [PAINT_BAR] = {24, 29, 40, 255},           [PAINT_BUTTON] = {44, 53, 71, 255},
    [PAINT_LIT] = {30, 100, 160, 255},         [PAINT_PANEL] = {12, 16, 26, 225},
    [PAINT_STRIP] = {66, 50, 12, 240},         [PAINT_GROOVE] = {44, 53, 71, 255},
    [PAINT_GONE] = {38, 92, 138, 255},         [PAINT_PHASE] = {125, 211, 252, 255},
    [PAINT_INPUT] = {196, 181, 253, 255},      [PAINT_CHECKPOINT] = {74, 222, 128, 255},
    [PAINT_CUT] = {248, 113, 113, 255},        [PAINT_LAMP_DARK] = {52, 60, 74, 255},
    [PAINT_LAMP_READ] = {74, 222, 128, 255},   [PAINT_LAMP_WRITE] = {251, 146, 60, 255},
};

struct window {
    SDL_Window *window;
    SDL_Renderer *renderer;
    SDL_Texture *texture, *glyphs;
    uint32_t texture_width, texture_height;
    uint64_t serial; /* that the texture holds */
    bool uploaded;
    int glyph_width, glyph_height;
    struct layout_area area; /* of the picture in the window */
    struct bars bars;        /* as they were drawn */
    bool held[HELD_MAX];     /* what the guest believes is down */
    bool releasing;          /* held ones are being released */
    bool smooth;             /* how the texture was made */
    bool scrubbing;          /* the past was taken hold of, and the button is down */
    int hover_x;             /* of the pointer over the track; -1: it is elsewhere */
};

static bool sdl_fail(struct error *error, const char *what)
{
    return error_set(error, ERROR_UNSUPPORTED, "%s: %s", what, SDL_GetError());
}

/* All glyphs side by side in one white texture; drawn in any colour by modulation. */
static bool glyphs_make(struct window *window, struct error *error)
{
    const SDL_Color white = {255, 255, 255, 255};
    char text[GLYPH_COUNT + 1];
    if (TTF_Init() != 0)
        return sdl_fail(error, "font");
    TTF_Font *font = TTF_OpenFont(FONT_PATH, FONT_POINTS);
    if (!font)
        return sdl_fail(error, "font");
    for (int i = 0; i < GLYPH_COUNT; i++)
        text[i] = (char)(GLYPH_FIRST + i);
    text[GLYPH_COUNT] = '\0';
    SDL_Surface *surface = TTF_RenderUTF8_Blended(font, text, white);
    TTF_CloseFont(font);
    if (!surface)
        return sdl_fail(error, "font");
    window->glyph_width = surface->w / GLYPH_COUNT; /* the font is monospaced */
    window->glyph_height = surface->h;
    window->glyphs = SDL_CreateTextureFromSurface(window->renderer, surface);
    SDL_FreeSurface(surface);
    return window->glyphs || sdl_fail(error, "font");
}

/* When the named display cannot be reached SDL takes a driver that shows nothing. Nobody would see
 * the machine then, unless they asked for that driver. */
static bool driver_shows(void)
{
    const char *asked = SDL_getenv("SDL_VIDEODRIVER"), *driver = SDL_GetCurrentVideoDriver();
    static const char *const blind[] = {"offscreen", "dummy", "evdev"};
    for (size_t i = 0; i < sizeof(blind) / sizeof(blind[0]); i++)
        if (driver && SDL_strcmp(driver, blind[i]) == 0)
            return asked && *asked;
    return true;
}

bool window_create(struct window **out, uint32_t width, uint32_t height, struct error *error)
{
    *out = NULL;
    SDL_SetHint(SDL_HINT_NO_SIGNAL_HANDLERS, "1"); /* window_run.c reads signals */
    SDL_SetHint(SDL_HINT_VIDEO_X11_NET_WM_BYPASS_COMPOSITOR, "0");
    if (SDL_Init(SDL_INIT_VIDEO) != 0)
        return sdl_fail(error, "display");
    if (!driver_shows()) {
        SDL_Quit();
        return error_set(error, ERROR_UNSUPPORTED, "display: cannot be opened");
    }
    struct window *window = SDL_calloc(1, sizeof(*window));
    assert(window);
    window->window = SDL_CreateWindow("Latchkey", SDL_WINDOWPOS_UNDEFINED, SDL_WINDOWPOS_UNDEFINED,
                                      (int)width, (int)height + BARS_ROW + BARS_TRACK,
                                      SDL_WINDOW_RESIZABLE);
    if (window->window)
        window->renderer = SDL_CreateRenderer(window->window, -1, 0);
    bool good = window->renderer ? glyphs_make(window, error) : sdl_fail(error, "display");
    if (!good) {
        window_destroy(window);
        return false;
    }
    SDL_SetWindowMinimumSize(window->window, 320, 240);
    SDL_StartTextInput();
    window->area = layout_picture((int)width, (int)height, width, height, false);
    window->hover_x = -1;
    *out = window;
    return true;
}

void window_destroy(struct window *window)
{
    if (!window)
        return;
    if (window->glyphs)
        SDL_DestroyTexture(window->glyphs);
    if (window->texture)
        SDL_DestroyTexture(window->texture);
    if (window->renderer)
        SDL_DestroyRenderer(window->renderer);
    if (window->window)
        SDL_DestroyWindow(window->window);
    SDL_free(window);
    if (TTF_WasInit())
        TTF_Quit();
    SDL_Quit();
}

/* --- drawing --- */

/* Upload the picture when it or its scaling has changed. */
static void texture_update(struct window *window, const struct window_picture *picture)
{
    bool smooth = !picture->whole_pixels;
    bool fits = window->texture && window->texture_width == picture->width &&
                window->texture_height == picture->height && window->smooth == smooth;
    if (window->texture && !fits) {
        SDL_DestroyTexture(window->texture);
        window->texture = NULL;
    }
    if (!window->texture) {
        SDL_SetHint(SDL_HINT_RENDER_SCALE_QUALITY, smooth ? "linear" : "nearest");
        window->texture =
            SDL_CreateTexture(window->renderer, SDL_PIXELFORMAT_RGB888, SDL_TEXTUREACCESS_STREAMING,
                              (int)picture->width, (int)picture->height);
        window->texture_width = picture->width;
        window->texture_height = picture->height;
        window->smooth = smooth;
        window->uploaded = false;
    }
    if (window->texture && (!window->uploaded || window->serial != picture->serial))
        (void)SDL_UpdateTexture(window->texture, NULL, picture->pixels,
                                (int)(picture->stride_pixels * 4));
    window->serial = picture->serial;
    window->uploaded = true;
}

void window_box(struct window *window, struct layout_area area, enum paint paint)
{
    const SDL_Rect target = {area.x, area.y, area.width, area.height};
    const SDL_Color *color = &colors[paint];
    assert(paint < PAINT_COUNT);
    SDL_SetRenderDrawBlendMode(window->renderer, SDL_BLENDMODE_BLEND);
    SDL_SetRenderDrawColor(window->renderer, color->r, color->g, color->b, color->a);
    SDL_RenderFillRect(window->renderer, &target);
}

int window_text(struct window *window, int x, int y, const char *text, size_t length,
                enum paint paint)
{
    SDL_Rect target = {x, y, window->glyph_width, window->glyph_height};
    SDL_SetTextureColorMod(window->glyphs, colors[paint].r, colors[paint].g, colors[paint].b);
    for (size_t i = 0; i < length && text[i]; i++) {
        int glyph = (unsigned char)text[i] - GLYPH_FIRST;
        if (glyph < 0 || glyph >= GLYPH_COUNT)
            glyph = '?' - GLYPH_FIRST;
        const SDL_Rect from = {glyph * window->glyph_width, 0, window->glyph_width,
                               window->glyph_height};
        if (glyph != 0) /* a space is nothing */
            (void)SDL_RenderCopy(window->renderer, window->glyphs, &from, &target);
        target.x += window->glyph_width;
    }
    return target.x - x;
}

/* The part of the picture that the console panel covers. */
static struct layout_area console_area(const struct window *window)
{
    struct layout_area area = window->area;
    int height = area.height * CONSOLE_SHARE / 100;
    area.y += area.height - height;
    area.height = height;
    return area;
}

/* As large as the lines of the text, and no larger than the picture, in its middle. */
static struct layout_area help_area(const struct window *window, const char *text)
{
    int rows = 0, columns = 0;
    for (const char *at = text; *at; at += strcspn(at, "\n"), at += *at == '\n', rows++) {
        int length = (int)strcspn(at, "\n");
        columns = length > columns ? length : columns;
    }
    int width = columns * window->glyph_width + 4 * BARS_PAD;
    int height = rows * window->glyph_height + 2 * BARS_PAD;
    struct layout_area area = {.width = width < window->area.width ? width : window->area.width,
                               .height =
                                   height < window->area.height ? height : window->area.height};
    area.x = window->area.x + (window->area.width - area.width) / 2;
    area.y = window->area.y + (window->area.height - area.height) / 2;
    return area;
}

unsigned window_panel_lines(const struct window *window)
{
    int lines = (console_area(window).height - 2 * BARS_PAD) / window->glyph_height;
    return lines > 1 ? (unsigned)lines : 1;
}

static void panel_draw(struct window *window, const struct window_picture *picture)
{
    const char *text = picture->panel;
    struct layout_area area =
        picture->console ? console_area(window) : help_area(window, picture->panel);
    int bottom = area.y + area.height - BARS_PAD;
    int columns = (area.width - 4 * BARS_PAD) / window->glyph_width;
    window_box(window, area, PAINT_PANEL);
    window_box(window, (struct layout_area){area.x, area.y, area.width, 2}, PAINT_LIT);
    for (int y = area.y + BARS_PAD; *text && y + window->glyph_height <= bottom;
         y += window->glyph_height) {
        size_t length = strcspn(text, "\n");
        size_t shown = columns > 0 && length > (size_t)columns ? (size_t)columns : length;
        (void)window_text(window, area.x + 2 * BARS_PAD, y, text, shown, PAINT_INK);
        text += length + (text[length] == '\n');
    }
}

static void notice_draw(struct window *window, const char *notice, int width)
{
    int text_width = (int)strlen(notice) * window->glyph_width;
    struct layout_area box = {(width - text_width) / 2 - 2 * BARS_PAD, BARS_PAD,
                              text_width + 4 * BARS_PAD, window->glyph_height + 2 * BARS_PAD};
    window_box(window, box, PAINT_PANEL);
    (void)window_text(window, box.x + 2 * BARS_PAD, box.y + BARS_PAD, notice, strlen(notice),
                      PAINT_NOTICE);
}

void window_draw(struct window *window, const struct window_picture *picture)
{
    const char *no_picture = picture->off ? "The plug is out. F7: put it in again"
                                          : "The guest has not set up its screen. F6: the console";
    int width, height;
    SDL_GetWindowSize(window->window, &width, &height);
    bars_layout(&window->bars, picture, width, height, window->glyph_width, window->glyph_height);
    int room = height > bars_height(picture) ? height - bars_height(picture) : 1;
    if (picture->pixels)
        texture_update(window, picture);
    window->area = layout_picture(width, room, picture->pixels ? picture->width : 4,
                                  picture->pixels ? picture->height : 3, picture->whole_pixels);
    window_box(window, (struct layout_area){0, 0, width, height}, PAINT_NIGHT);
    const SDL_Rect target = {window->area.x, window->area.y, window->area.width,
                             window->area.height};
    if (picture->pixels && window->texture)
        (void)SDL_RenderCopy(window->renderer, window->texture, NULL, &target);
    else
        (void)window_text(window, target.x + 24, target.y + 60, no_picture, strlen(no_picture),
                          PAINT_DIM);
    if (picture->panel)
        panel_draw(window, picture);
    if (picture->notice)
        notice_draw(window, picture->notice, width);
    bars_draw(window, &window->bars, picture, window->hover_x);
    SDL_RenderPresent(window->renderer);
}

/* --- events --- */

static enum window_command command_of_key(SDL_Scancode key)
{
    static const enum window_command commands[] = {
        COMMAND_HELP,    COMMAND_PAUSE, COMMAND_STEP_FRAME, COMMAND_STEP_INSTRUCTION,
        COMMAND_SPEED,   COMMAND_CONSOLE, COMMAND_POWER,    COMMAND_SCALING,
        COMMAND_SCREENSHOT, COMMAND_REWIND, COMMAND_LEDGER,     COMMAND_SAVE,
    };
    return key >= SDL_SCANCODE_F1 && key <= SDL_SCANCODE_F12 ? commands[key - SDL_SCANCODE_F1]
                                                             : COMMAND_NONE;
}

/* While the past is looked at, nothing that is typed goes to the guest. */
static enum window_command command_of_past(const SDL_Keysym *key)
{
    static const struct {
        SDL_Scancode key;
        enum window_command plain, shift, control; /* NONE: as the plain one */
    } table[] = {
        {SDL_SCANCODE_LEFT, COMMAND_PAST_BACK, COMMAND_PAST_BACK_SECOND, COMMAND_PAST_BACK_MARK},
        {SDL_SCANCODE_RIGHT, COMMAND_PAST_ON, COMMAND_PAST_ON_SECOND, COMMAND_PAST_ON_MARK},
        {.key = SDL_SCANCODE_PAGEUP, .plain = COMMAND_PAST_BACK_SECOND},
        {.key = SDL_SCANCODE_PAGEDOWN, .plain = COMMAND_PAST_ON_SECOND},
        {.key = SDL_SCANCODE_HOME, .plain = COMMAND_PAST_BEGIN},
        {.key = SDL_SCANCODE_END, .plain = COMMAND_PAST_END},
        {.key = SDL_SCANCODE_COMMA, .plain = COMMAND_PAST_BACK_INSTRUCTION},
        {.key = SDL_SCANCODE_PERIOD, .plain = COMMAND_PAST_ON_INSTRUCTION},
        {.key = SDL_SCANCODE_SPACE, .plain = COMMAND_PAST_PLAY},
        {.key = SDL_SCANCODE_RETURN, .plain = COMMAND_PAST_CONTINUE},
        {.key = SDL_SCANCODE_KP_ENTER, .plain = COMMAND_PAST_CONTINUE},
        {.key = SDL_SCANCODE_ESCAPE, .plain = COMMAND_PAST_LEAVE},
    };
    enum window_command command = COMMAND_NONE;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (table[i].key != key->scancode)
            continue;
        command = (key->mod & KMOD_CTRL)    ? table[i].control
                  : (key->mod & KMOD_SHIFT) ? table[i].shift
                                            : COMMAND_NONE;
        command = command != COMMAND_NONE ? command : table[i].plain;
    }
    return command;
}

/* Does the command happen again while its key is held? */
static bool command_repeats(enum window_command command)
{
    return command == COMMAND_STEP_FRAME || command == COMMAND_STEP_INSTRUCTION ||
           (command >= COMMAND_PAST_BACK && command <= COMMAND_PAST_ON_INSTRUCTION);
}

/* What a terminal sends for keys that are not text. */
static const char *console_bytes(SDL_Scancode key)
{
    static const struct {
        SDL_Scancode key;
        const char *bytes;
    } table[] = {
        {SDL_SCANCODE_RETURN, "\r"},     {SDL_SCANCODE_KP_ENTER, "\r"},
        {SDL_SCANCODE_TAB, "\t"},        {SDL_SCANCODE_ESCAPE, "\33"},
        {SDL_SCANCODE_UP, "\33[A"},      {SDL_SCANCODE_DOWN, "\33[B"},
        {SDL_SCANCODE_RIGHT, "\33[C"},   {SDL_SCANCODE_LEFT, "\33[D"},
        {SDL_SCANCODE_HOME, "\33[H"},    {SDL_SCANCODE_END, "\33[F"},
        {SDL_SCANCODE_DELETE, "\33[3~"}, {SDL_SCANCODE_BACKSPACE, "\177"},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (table[i].key == key)
            return table[i].bytes;
    return "";
}

static bool console_key(const SDL_KeyboardEvent *key, struct window_event *event)
{
    *event = (struct window_event){.kind = WINDOW_TEXT};
    if ((key->keysym.mod & KMOD_CTRL) && key->keysym.sym >= 'a' && key->keysym.sym <= 'z')
        event->text[0] = (char)(key->keysym.sym & 0x1f);
    else
        SDL_strlcpy(event->text, console_bytes(key->keysym.scancode), sizeof(event->text));
    return event->text[0] != '\0';
}

/* A key or button goes down or up for the guest. A repeat is a second "down". */
static bool held_change(struct window *window, enum window_event_kind kind, uint16_t code,
                        bool down, struct window_event *event)
{
    assert(code < HELD_MAX);
    if (!down && !window->held[code])
        return false;
    window->held[code] = down;
    *event = (struct window_event){.kind = kind, .code = code, .down = down};
    return true;
}

static bool key_event(struct window *window, const SDL_KeyboardEvent *key,
                      const struct window_picture *picture, struct window_event *event)
{
    bool down = key->type == SDL_KEYDOWN, past = picture->past && picture->past->looked_at;
    enum window_command command = command_of_key(key->keysym.scancode);
    if (command == COMMAND_NONE && past)
        command = command_of_past(&key->keysym);
    uint16_t code = keymap_code(key->keysym.scancode);
    if (command != COMMAND_NONE && (down || !window->held[code])) {
        *event = (struct window_event){.kind = WINDOW_COMMAND, .command = command};
        return down && (!key->repeat || command_repeats(command));
    }
    if (picture->console && !past && down)
        return console_key(key, event);
    return code != 0 && held_change(window, WINDOW_KEY, code, down, event);
}

/* The past is drawn to a place. */
static bool scrub_event(const struct window *window, const struct window_picture *picture, int x,
                        bool press, struct window_event *event)
{
    if (!picture->past)
        return false;
    *event = (struct window_event){
        .kind = WINDOW_SCRUB,
        .time_ns = press ? bars_press_time(&window->bars, picture->past, x)
                         : bars_track_time(&window->bars, picture->past, x)};
    return true;
}

static bool motion_event(struct window *window, const struct window_picture *picture, int x, int y,
                         struct window_event *event)
{
    const struct layout_area *area = &window->area;
    bool over = window->scrubbing || bars_track_holds(&window->bars, x, y);
    window->hover_x = over ? x : -1;
    if (window->scrubbing)
        return scrub_event(window, picture, x, false, event);
    *event = (struct window_event){.kind = WINDOW_POINTER,
                                   .x = layout_axis(x, area->x, area->width),
                                   .y = layout_axis(y, area->y, area->height)};
    return layout_holds(area, x, y) && !bars_holds(&window->bars, x, y);
}

static uint16_t button_code(Uint8 button)
{
    switch (button) {
    case SDL_BUTTON_RIGHT:
        return BTN_RIGHT;
    case SDL_BUTTON_MIDDLE:
        return BTN_MIDDLE;
    default:
        return BTN_LEFT;
    }
}

static bool button_event(struct window *window, const struct window_picture *picture,
                         const SDL_MouseButtonEvent *mouse, struct window_event *event)
{
    bool down = mouse->type == SDL_MOUSEBUTTONDOWN;
    enum window_command command = bars_command(&window->bars, mouse->x, mouse->y);
    if (!down && window->scrubbing) {
        window->scrubbing = false;
        return false;
    }
    if (down && command != COMMAND_NONE) {
        *event = (struct window_event){.kind = WINDOW_COMMAND, .command = command};
        return true;
    }
    if (down && bars_track_holds(&window->bars, mouse->x, mouse->y)) {
        window->scrubbing = true;
        return scrub_event(window, picture, mouse->x, true, event);
    }
    if (down && (!layout_holds(&window->area, mouse->x, mouse->y) ||
                 bars_holds(&window->bars, mouse->x, mouse->y)))
        return false;
    return held_change(window, WINDOW_BUTTON, button_code(mouse->button), down, event);
}

/* One key or button that is still held although it must not be. */
static bool held_release(struct window *window, struct window_event *event)
{
    for (uint16_t code = 0; code < HELD_MAX; code++)
        if (window->held[code])
            return held_change(window, code < BUTTON_CODE_FIRST ? WINDOW_KEY : WINDOW_BUTTON, code,
                               false, event);
    window->releasing = false;
    return false;
}

static bool text_event(const SDL_TextInputEvent *text, struct window_event *event)
{
    *event = (struct window_event){.kind = WINDOW_TEXT};
    SDL_strlcpy(event->text, text->text, sizeof(event->text));
    return event->text[0] != '\0';
}

/* Over the past's row, or while the past is looked at, a wheel goes through it. */
static bool wheel_event(const struct window *window, const struct window_picture *picture, int y,
                        struct window_event *event)
{
    bool past = picture->past && (picture->past->looked_at || window->hover_x >= 0);
    *event = (struct window_event){.kind = WINDOW_WHEEL, .y = y};
    if (past)
        *event = (struct window_event){.kind = WINDOW_COMMAND,
                                       .command = y > 0 ? COMMAND_PAST_BACK : COMMAND_PAST_ON};
    return y != 0;
}

static bool translate(struct window *window, const SDL_Event *from,
                      const struct window_picture *picture, struct window_event *event)
{
    bool past = picture->past && picture->past->looked_at;
    switch (from->type) {
    case SDL_QUIT:
        *event = (struct window_event){.kind = WINDOW_COMMAND, .command = COMMAND_QUIT};
        return true;
    case SDL_KEYDOWN:
    case SDL_KEYUP:
        return key_event(window, &from->key, picture, event);
    case SDL_TEXTINPUT:
        return picture->console && !past && text_event(&from->text, event);
    case SDL_MOUSEMOTION:
        return motion_event(window, picture, from->motion.x, from->motion.y, event);
    case SDL_MOUSEBUTTONDOWN:
    case SDL_MOUSEBUTTONUP:
        return button_event(window, picture, &from->button, event);
    case SDL_MOUSEWHEEL:
        return wheel_event(window, picture, from->wheel.y, event);
    case SDL_WINDOWEVENT:
        window->releasing |= from->window.event == SDL_WINDOWEVENT_FOCUS_LOST;
        if (from->window.event == SDL_WINDOWEVENT_LEAVE && !window->scrubbing)
            window->hover_x = -1;
        return false;
    default:
        return false;
    }
}

bool window_event(struct window *window, const struct window_picture *picture,
                  struct window_event *event)
{
    SDL_Event from;
    if (window->releasing && held_release(window, event))
        return true;
    while (SDL_PollEvent(&from))
        if (translate(window, &from, picture, event)) {
            if (event->kind == WINDOW_COMMAND && event->command == COMMAND_CONSOLE)
                window->releasing = true;
            return true;
        }
    return false;
}

void window_wait(struct window *window, uint32_t timeout_ms)
{
    assert(window->window);
    (void)SDL_WaitEventTimeout(NULL, (int)timeout_ms);
}
