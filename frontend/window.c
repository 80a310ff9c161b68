/* SPDX-License-Identifier: GPL-2.0-or-later */
/* window.c - SDL: the window, its texture, text, buttons and events. Called by window_run.c.
 *
 * The picture keeps its shape and is scaled to the room above the bar. Function keys belong to the window and
 * are not seen by the guest; everything else typed or pointed into the picture goes to the guest.
 *
 * Invariants
 *  1. A key or button that was pressed for the guest is released for the guest, also when the focus goes.
 */
#include "frontend/window.h"

#include <SDL.h>
#include <SDL_ttf.h>
#include <assert.h>
#include <linux/input-event-codes.h>
#include <string.h>

#include "frontend/keymap.h"

#define BAR_HEIGHT 32
#define FONT_PATH "/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf"
#define FONT_POINTS 13
#define BUTTON_PAD 8
#define AXIS_MAX 32767
#define PANEL_LINES_MAX 48
#define KEYS 256

struct button {
    const char *label;
    enum window_command command;
    SDL_Rect area; /* where it was drawn */
};

struct window {
    SDL_Window *window;
    SDL_Renderer *renderer;
    SDL_Texture *texture; /* of the picture */
    TTF_Font *font;       /* NULL: no text */
    uint32_t texture_width, texture_height;
    uint64_t serial; /* that the texture holds */
    bool uploaded;
    SDL_Rect area;   /* of the picture in the window */
    struct button buttons[COMMAND_COUNT];
    unsigned button_count;
    bool held[KEYS]; /* keys that the guest believes are down */
    bool focus_lost; /* held keys are being released */
};

static bool sdl_fail(struct error *error, const char *what)
{
    return error_set(error, ERROR_UNSUPPORTED, "%s: %s", what, SDL_GetError());
}

static void buttons_make(struct window *window)
{
    static const struct button all[] = {
        {"F1 Help", COMMAND_HELP, {0, 0, 0, 0}},
        {"F2 Pause", COMMAND_PAUSE, {0, 0, 0, 0}},
        {"F3 Step", COMMAND_STEP_FRAME, {0, 0, 0, 0}},
        {"F5 Speed", COMMAND_SPEED, {0, 0, 0, 0}},
        {"F6 Console", COMMAND_CONSOLE, {0, 0, 0, 0}},
        {"F9 Picture", COMMAND_SCREENSHOT, {0, 0, 0, 0}},
    };
    memcpy(window->buttons, all, sizeof(all));
    window->button_count = sizeof(all) / sizeof(all[0]);
}

bool window_create(struct window **out, uint32_t width, uint32_t height, struct error *error)
{
    *out = NULL;
    SDL_SetHint(SDL_HINT_NO_SIGNAL_HANDLERS, "1");
    if (SDL_Init(SDL_INIT_VIDEO) != 0)
        return sdl_fail(error, "display");
    struct window *window = SDL_calloc(1, sizeof(*window));
    assert(window != NULL);
    window->window = SDL_CreateWindow("Latchkey", SDL_WINDOWPOS_UNDEFINED,
                                      SDL_WINDOWPOS_UNDEFINED, (int)width,
                                      (int)height + BAR_HEIGHT, SDL_WINDOW_RESIZABLE);
    if (window->window)
        window->renderer = SDL_CreateRenderer(window->window, -1, 0);
    if (!window->renderer) {
        (void)sdl_fail(error, "display");
        window_destroy(window);
        return false;
    }
    SDL_SetWindowMinimumSize(window->window, 320, 240);
    SDL_SetHint(SDL_HINT_RENDER_SCALE_QUALITY, "linear");
    if (TTF_Init() == 0)
        window->font = TTF_OpenFont(FONT_PATH, FONT_POINTS);
    buttons_make(window);
    *out = window;
    return true;
}

void window_destroy(struct window *window)
{
    if (!window)
        return;
    if (window->font)
        TTF_CloseFont(window->font);
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

static void texture_update(struct window *window, const struct window_picture *picture)
{
    if (!picture->pixels)
        return;
    if (window->texture && (window->texture_width != picture->width ||
                            window->texture_height != picture->height)) {
        SDL_DestroyTexture(window->texture);
        window->texture = NULL;
    }
    if (!window->texture) {
        window->texture = SDL_CreateTexture(window->renderer, SDL_PIXELFORMAT_RGB888,
                                            SDL_TEXTUREACCESS_STREAMING, (int)picture->width,
                                            (int)picture->height);
        window->texture_width = picture->width;
        window->texture_height = picture->height;
        window->uploaded = false;
    }
    if (window->texture && (!window->uploaded || window->serial != picture->serial))
        (void)SDL_UpdateTexture(window->texture, NULL, picture->pixels,
                                (int)(picture->stride_pixels * 4));
    window->serial = picture->serial;
    window->uploaded = true;
}

/* The largest area of the picture's shape above the bar. */
static SDL_Rect picture_area(const struct window *window)
{
    int width, height;
    SDL_GetWindowSize(window->window, &width, &height);
    height = height > BAR_HEIGHT ? height - BAR_HEIGHT : 1;
    double wanted = window->texture ? (double)window->texture_width : 4;
    double tall = window->texture ? (double)window->texture_height : 3;
    double scale = width / wanted < height / tall ? width / wanted : height / tall;
    SDL_Rect area = {0, 0, (int)(wanted * scale), (int)(tall * scale)};
    area.x = (width - area.w) / 2;
    area.y = (height - area.h) / 2;
    return area;
}

/* Draw a line of text. Returns its width. */
static int text_draw(struct window *window, int x, int y, const char *text, SDL_Color color)
{
    if (!window->font || *text == '\0')
        return 0;
    SDL_Surface *surface = TTF_RenderUTF8_Blended(window->font, text, color);
    if (!surface)
        return 0;
    SDL_Texture *texture = SDL_CreateTextureFromSurface(window->renderer, surface);
    SDL_Rect target = {x, y, surface->w, surface->h};
    SDL_FreeSurface(surface);
    if (texture) {
        (void)SDL_RenderCopy(window->renderer, texture, NULL, &target);
        SDL_DestroyTexture(texture);
    }
    return target.w;
}

static void box_draw(struct window *window, SDL_Rect area, Uint8 shade, Uint8 alpha)
{
    SDL_SetRenderDrawBlendMode(window->renderer, SDL_BLENDMODE_BLEND);
    SDL_SetRenderDrawColor(window->renderer, shade, shade, (Uint8)(shade + 8), alpha);
    SDL_RenderFillRect(window->renderer, &area);
}

static void panel_draw(struct window *window, const char *panel)
{
    const SDL_Color ink = {226, 232, 240, 255};
    int line_height = window->font ? TTF_FontLineSkip(window->font) : 16;
    SDL_Rect area = window->area;
    area.x += 16;
    area.y += 16;
    area.w -= 32;
    area.h -= 32;
    box_draw(window, area, 12, 220);
    for (int y = area.y + 8; *panel && y + line_height <= area.y + area.h; y += line_height) {
        char line[256];
        size_t length = strcspn(panel, "\n");
        size_t kept = length < sizeof(line) - 1 ? length : sizeof(line) - 1;
        memcpy(line, panel, kept);
        line[kept] = '\0';
        (void)text_draw(window, area.x + 12, y, line, ink);
        panel += length + (panel[length] == '\n');
    }
}

static void bar_draw(struct window *window, const struct window_picture *picture)
{
    const SDL_Color ink = {203, 213, 225, 255}, dim = {148, 163, 184, 255};
    int width, height;
    SDL_GetWindowSize(window->window, &width, &height);
    SDL_Rect bar = {0, height - BAR_HEIGHT, width, BAR_HEIGHT};
    box_draw(window, bar, 24, 255);
    int x = 8, y = bar.y + (BAR_HEIGHT - 18) / 2;
    for (unsigned i = 0; i < window->button_count; i++) {
        struct button *button = &window->buttons[i];
        int text_width = 60;
        if (window->font)
            (void)TTF_SizeUTF8(window->font, button->label, &text_width, NULL);
        button->area = (SDL_Rect){x, bar.y + 4, text_width + 2 * BUTTON_PAD, BAR_HEIGHT - 8};
        bool lit = button->command == COMMAND_PAUSE && picture->paused;
        box_draw(window, button->area, lit ? 96 : 48, 255);
        (void)text_draw(window, x + BUTTON_PAD, y, button->label, ink);
        x += button->area.w + 6;
    }
    SDL_Rect lamp = {x + 4, bar.y + 11, 10, 10};
    SDL_SetRenderDrawColor(window->renderer, picture->disk_active ? 74 : 40,
                           picture->disk_active ? 222 : 60, picture->disk_active ? 128 : 48, 255);
    SDL_RenderFillRect(window->renderer, &lamp);
    (void)text_draw(window, x + 22, y, picture->status, dim);
}

void window_draw(struct window *window, const struct window_picture *picture)
{
    const SDL_Color ink = {253, 224, 71, 255};
    texture_update(window, picture);
    window->area = picture_area(window);
    SDL_SetRenderDrawColor(window->renderer, 8, 8, 12, 255);
    SDL_RenderClear(window->renderer);
    if (picture->pixels && window->texture)
        (void)SDL_RenderCopy(window->renderer, window->texture, NULL, &window->area);
    else
        (void)text_draw(window, window->area.x + 24, window->area.y + 24,
                        "no picture yet: the guest has not set up its screen (F6: console)",
                        (SDL_Color){148, 163, 184, 255});
    if (picture->panel)
        panel_draw(window, picture->panel);
    if (picture->notice) {
        SDL_Rect box = {window->area.x + 16, window->area.y + window->area.h - 40,
                        window->area.w - 32, 28};
        box_draw(window, box, 16, 220);
        (void)text_draw(window, box.x + 10, box.y + 5, picture->notice, ink);
    }
    bar_draw(window, picture);
    SDL_RenderPresent(window->renderer);
}

/* --- events --- */

static enum window_command command_of_key(SDL_Scancode key)
{
    switch ((int)key) {
    case SDL_SCANCODE_F1:
        return COMMAND_HELP;
    case SDL_SCANCODE_F2:
        return COMMAND_PAUSE;
    case SDL_SCANCODE_F3:
        return COMMAND_STEP_FRAME;
    case SDL_SCANCODE_F4:
        return COMMAND_STEP_INSTRUCTION;
    case SDL_SCANCODE_F5:
        return COMMAND_SPEED;
    case SDL_SCANCODE_F6:
        return COMMAND_CONSOLE;
    case SDL_SCANCODE_F9:
        return COMMAND_SCREENSHOT;
    default:
        return COMMAND_NONE;
    }
}

/* Keys of the console panel that are not text. 0: none. */
static uint8_t console_byte(const SDL_KeyboardEvent *key)
{
    if ((key->keysym.mod & KMOD_CTRL) && key->keysym.sym >= 'a' && key->keysym.sym <= 'z')
        return (uint8_t)(key->keysym.sym & 0x1f);
    switch ((int)key->keysym.scancode) {
    case SDL_SCANCODE_RETURN:
    case SDL_SCANCODE_KP_ENTER:
        return '\r';
    case SDL_SCANCODE_BACKSPACE:
        return 0x7f;
    case SDL_SCANCODE_TAB:
        return '\t';
    case SDL_SCANCODE_ESCAPE:
        return 0x1b;
    default:
        return 0;
    }
}

static bool key_event(struct window *window, const SDL_KeyboardEvent *key, bool console,
                      struct window_event *event)
{
    bool down = key->type == SDL_KEYDOWN;
    enum window_command command = command_of_key(key->keysym.scancode);
    if (command != COMMAND_NONE) {
        *event = (struct window_event){.kind = WINDOW_COMMAND, .command = command};
        return down && !key->repeat;
    }
    if (console && down) {
        *event = (struct window_event){.kind = WINDOW_TEXT, .code = console_byte(key)};
        return event->code != 0;
    }
    uint16_t code = keymap_code(key->keysym.scancode);
    *event = (struct window_event){.kind = WINDOW_KEY, .code = code, .down = down};
    if (code == 0 || code >= KEYS || key->repeat || (console && !window->held[code]))
        return false;
    window->held[code] = down;
    return true;
}

static bool in_area(const SDL_Rect *area, int x, int y)
{
    return x >= area->x && y >= area->y && x < area->x + area->w && y < area->y + area->h;
}

static bool motion_event(const struct window *window, int x, int y, struct window_event *event)
{
    const SDL_Rect *area = &window->area;
    if (!in_area(area, x, y) || area->w < 2 || area->h < 2)
        return false;
    *event = (struct window_event){.kind = WINDOW_POINTER,
                                   .x = (x - area->x) * AXIS_MAX / (area->w - 1),
                                   .y = (y - area->y) * AXIS_MAX / (area->h - 1)};
    return true;
}

static bool button_event(const struct window *window, const SDL_MouseButtonEvent *mouse,
                         struct window_event *event)
{
    bool down = mouse->type == SDL_MOUSEBUTTONDOWN;
    for (unsigned i = 0; down && i < window->button_count; i++)
        if (in_area(&window->buttons[i].area, mouse->x, mouse->y)) {
            *event = (struct window_event){.kind = WINDOW_COMMAND,
                                           .command = window->buttons[i].command};
            return true;
        }
    if (down && !in_area(&window->area, mouse->x, mouse->y))
        return false;
    *event = (struct window_event){.kind = WINDOW_BUTTON, .down = down, .code = BTN_LEFT};
    if (mouse->button == SDL_BUTTON_RIGHT)
        event->code = BTN_RIGHT;
    else if (mouse->button == SDL_BUTTON_MIDDLE)
        event->code = BTN_MIDDLE;
    return true;
}

/* One key that is still held when the focus has gone. */
static bool held_release(struct window *window, struct window_event *event)
{
    for (uint16_t code = 0; code < KEYS; code++)
        if (window->held[code]) {
            window->held[code] = false;
            *event = (struct window_event){.kind = WINDOW_KEY, .code = code};
            return true;
        }
    window->focus_lost = false;
    return false;
}

static bool translate(struct window *window, const SDL_Event *from, bool console,
                      struct window_event *event)
{
    switch (from->type) {
    case SDL_QUIT:
        *event = (struct window_event){.kind = WINDOW_COMMAND, .command = COMMAND_QUIT};
        return true;
    case SDL_KEYDOWN:
    case SDL_KEYUP:
        return key_event(window, &from->key, console, event);
    case SDL_TEXTINPUT:
        *event = (struct window_event){.kind = WINDOW_TEXT, .code = (uint8_t)from->text.text[0]};
        return console && from->text.text[1] == '\0';
    case SDL_MOUSEMOTION:
        return motion_event(window, from->motion.x, from->motion.y, event);
    case SDL_MOUSEBUTTONDOWN:
    case SDL_MOUSEBUTTONUP:
        return button_event(window, &from->button, event);
    case SDL_MOUSEWHEEL:
        *event = (struct window_event){.kind = WINDOW_WHEEL, .y = from->wheel.y};
        return from->wheel.y != 0;
    case SDL_WINDOWEVENT:
        if (from->window.event == SDL_WINDOWEVENT_FOCUS_LOST)
            window->focus_lost = true;
        return false;
    default:
        return false;
    }
}

bool window_event(struct window *window, const struct window_picture *picture,
                  struct window_event *event)
{
    SDL_Event from;
    if (window->focus_lost && held_release(window, event))
        return true;
    while (SDL_PollEvent(&from))
        if (translate(window, &from, picture->console, event))
            return true;
    return false;
}

void window_wait(struct window *window, uint32_t timeout_ms)
{
    (void)window;
    (void)SDL_WaitEventTimeout(NULL, (int)timeout_ms);
}
