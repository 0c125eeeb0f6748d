/* SPDX-License-Identifier: BSD-2-Clause */
/* dtcheck: the order of the parts, and what they share. */
#include "dtcheck.h"
#include <base/log.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* As much as the image takes with an initramfs inside, when nobody says how large it is. */
#define IMAGE_USUAL (4 * MiB)

/* The machine that is being read: what the kernel's code logs becomes notes. */
static struct machine *current;

void *list_grow(void **items, size_t *count, size_t *capacity, size_t size)
{
    if (*count == *capacity) {
        *capacity = *capacity ? 2 * *capacity : 8;
        *items = realloc(*items, *capacity * size);
        if (!*items)
            abort();
    }
    return memset((char *)*items + size * (*count)++, 0, size);
}

static void add_text(char (*texts)[TEXT_MOST], size_t *count, const char *format, va_list args)
{
    if (*count < REASONS_MOST)
        vsnprintf(texts[(*count)++], TEXT_MOST, format, args);
}

void machine_wrong(struct machine *m, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add_text(m->wrong, &m->wrong_count, format, args);
    va_end(args);
}

void machine_note(struct machine *m, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add_text(m->notes, &m->note_count, format, args);
    va_end(args);
}

/* The kernel's log, for the kernel's code that is part of this program. */
void log_line(enum log_level level, const char *format, ...)
{
    va_list args;
    if (!current || level > LOG_WARN)
        return;
    va_start(args, format);
    add_text(current->notes, &current->note_count, format, args);
    va_end(args);
}

void machine_read(struct machine *m, const struct fdt *fdt, u64 image_size)
{
    *m = (struct machine){.fdt = fdt, .boot = -1, .console = -1};
    m->image_size = image_size ? image_size : IMAGE_USUAL;
    current = m;
    memory_read(m);
    harts_read(m);
    devices_read(m);
    current = NULL;
}

void machine_free(struct machine *m)
{
    free(m->memory.items);
    free(m->reserved.items);
    free(m->memreserve.items);
    free(m->map.ranges);
    free(m->usable.ranges);
    free(m->harts.items);
    free(m->bindings.items);
    free(m->plics.items);
}

bool machine_boots(const struct machine *m)
{
    return !m->wrong_count;
}
