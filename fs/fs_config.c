/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Options of file systems (see include/fs/fs_config.h): one table says what each is called, how its
 * value is read and how it is shown. Names and formats are those of Linux
 * (Documentation/filesystems/tmpfs.rst and proc.rst). No locks.
 */
#include <fs/fs_config.h>

#include <fs/inode.h>
#include <lib/errno.h>
#include <lib/fmt.h>
#include <lib/num.h>
#include <lib/string.h>
#include <mm/page.h>

/* --- values ---------------------------------------------------------------------------------- */

/* 0, or another number when the text is no such value. */
static int parse_id(const char *text, u64 *value)
{
    return num_parse_u64(text, 10, value) || *value >= ~0u;
}

static int parse_mode(const char *text, u64 *value)
{
    return num_parse_u64(text, 8, value) || *value > 07777;
}

/* Bytes, or a part of the memory: "50%". Whole pages, at least one unless it is 0. */
static int parse_size(const char *text, u64 *value)
{
    struct page_stats memory;
    const char *end = text;
    u64 size;

    if (num_scan_u64(&end, NULL, 10, &size) == 0 && strcmp(end, "%") == 0) {
        page_stats(&memory);
        size = size > 100 ? ~0ul : memory.total * size / 100 * PAGE_SIZE;
    } else if (num_parse_size(text, &size)) {
        return 1;
    }
    if (size > 1ul << 62)
        return 1;
    *value = ALIGN_UP(size, PAGE_SIZE);
    return 0;
}

static int parse_blocks(const char *text, u64 *value)
{
    u64 blocks;

    if (num_parse_size(text, &blocks) || blocks > 1ul << 50)
        return 1;
    *value = blocks * PAGE_SIZE;
    return 0;
}

static const char *const hidepid_names[] = {
    [HIDEPID_OFF] = "off",
    [HIDEPID_NOACCESS] = "noaccess",
    [HIDEPID_INVISIBLE] = "invisible",
    [HIDEPID_PTRACEABLE] = "ptraceable",
};

/* A name, or its number. */
static int parse_hidepid(const char *text, u64 *value)
{
    u64 number = 0;
    bool is_number = num_parse_u64(text, 10, &number) == 0;

    for (u64 i = 0; i < ARRAY_SIZE(hidepid_names); i++) {
        const char *name = hidepid_names[i];
        if (name && (is_number ? number == i : strcmp(text, name) == 0)) {
            *value = i;
            return 0;
        }
    }
    return 1;
}

static int parse_subset(const char *text, u64 *value)
{
    *value = 1;
    return strcmp(text, "pid") != 0;
}

static void show_number(struct fmt_sink *sink, u64 value)
{
    fmt_print(sink, "%lu", value);
}

static void show_size(struct fmt_sink *sink, u64 value)
{
    fmt_print(sink, "%luk", value / KiB);
}

static void show_mode(struct fmt_sink *sink, u64 value)
{
    fmt_print(sink, "%03lo", value);
}

static void show_hidepid(struct fmt_sink *sink, u64 value)
{
    fmt_print(sink, "%s", hidepid_names[value]);
}

static void show_subset(struct fmt_sink *sink, u64 value)
{
    (void)value;
    fmt_print(sink, "pid");
}

/* --- the table ------------------------------------------------------------------------------- */

/* Two names of one option: the first is shown. */
static const struct {
    const char *name;
    enum fs_option option;
    int (*parse)(const char *text, u64 *value);
    void (*show)(struct fmt_sink *sink, u64 value);
} options[] = {
    {"size", FS_OPTION_SIZE, parse_size, show_size},
    {"nr_blocks", FS_OPTION_SIZE, parse_blocks, NULL},
    {"nr_inodes", FS_OPTION_INODES, num_parse_size, show_number},
    {"mode", FS_OPTION_MODE, parse_mode, show_mode},
    {"uid", FS_OPTION_UID, parse_id, show_number},
    {"gid", FS_OPTION_GID, parse_id, show_number},
    {"hidepid", FS_OPTION_HIDEPID, parse_hidepid, show_hidepid},
    {"subset", FS_OPTION_SUBSET, parse_subset, show_subset},
};

/* What every file system is given as a matter of course; of these only ro and rw mean something here. */
static bool set_common(struct fs_config *config, const char *key)
{
    static const char *const accepted[] = {"ro",       "rw",         "sync", "async", "dirsync",
                                           "lazytime", "nolazytime", "mand", "nomand"};

    for (unsigned i = 0; i < ARRAY_SIZE(accepted); i++) {
        if (strcmp(key, accepted[i]) != 0)
            continue;
        if (i < 2)
            config->readonly = i == 0;
        return true;
    }
    return false;
}

int fs_config_set(struct fs_config *config, const struct fs_type *type, const char *key,
                  const char *value)
{
    unsigned i = 0;

    if (!value && set_common(config, key))
        return 0;
    while (i < ARRAY_SIZE(options) &&
           (strcmp(key, options[i].name) != 0 || !(type->options & BIT(options[i].option))))
        i++;
    if (i == ARRAY_SIZE(options))
        return type->lenient ? 0 : -EINVAL;
    u64 parsed;
    if (!value || options[i].parse(value, &parsed))
        return -EINVAL;
    config->value[options[i].option] = parsed;
    config->given |= (u32)BIT(options[i].option);
    return 0;
}

int fs_config_parse(struct fs_config *config, const struct fs_type *type, char *text)
{
    int err = 0;

    while (text && *text && !err) {
        char *key = text;
        char *comma = strchr(key, ',');
        text = comma ? comma + 1 : key + strlen(key);
        if (comma)
            *comma = '\0';
        char *value = strchr(key, '=');
        if (value)
            *value++ = '\0';
        if (*key)
            err = fs_config_set(config, type, key, value);
    }
    return err;
}

void fs_config_print(const struct fs_config *config, struct fmt_sink *sink)
{
    for (unsigned i = 0; i < ARRAY_SIZE(options); i++) {
        if (!options[i].show || !(config->given & BIT(options[i].option)))
            continue;
        fmt_print(sink, ",%s=", options[i].name);
        options[i].show(sink, config->value[options[i].option]);
    }
}
