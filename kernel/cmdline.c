/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's command line. Its words are sorted once, at start-up: those of PARAM to their
 * handlers, key=value into pid 1's environment, what follows "--" into its arguments. Words that only
 * mean something to other kernels are dropped, so that a boot loader's usual line does no harm.
 */
#include <base/init.h>
#include <base/log.h>
#include <base/panic.h>
#include <kernel/cmdline.h>
#include <lib/cmdline.h>
#include <lib/errno.h>
#include <lib/num.h>
#include <lib/string.h>

#define WORDS_MAX 64

/* NULL-terminated vectors of words, which live in `text`. */
struct words {
    const char *at[WORDS_MAX + 1];
    unsigned count;
};

static char line[CMDLINE_MAX];
static char text[CMDLINE_MAX];
static size_t text_used;
static struct words args, env;
static const char *init_path;

const char *cmdline_get_line(void)
{
    return line;
}

const char *const *cmdline_init_args(void)
{
    return args.at;
}

const char *const *cmdline_init_env(void)
{
    return env.at;
}

const char *cmdline_init_path(void)
{
    return init_path;
}

/* The word without quotes, kept for good; NULL (and logged) when there is no room. */
static const char *keep(const struct cmdline_slice *slice)
{
    char *copy = text + text_used;

    if (cmdline_copy(slice, copy, sizeof(text) - text_used)) {
        log_warn("command line: no room for a word of %lu characters", slice->len);
        return NULL;
    }
    text_used += strlen(copy) + 1;
    return copy;
}

static void add(struct words *words, const struct cmdline_slice *slice)
{
    const char *word = words->count < WORDS_MAX ? keep(slice) : NULL;

    if (word)
        words->at[words->count++] = word;
}

static const struct param *find_param(const struct cmdline_slice *key)
{
    for (const struct param *p = __params_start; p < __params_end; p++) {
        if (cmdline_equal(key, p->name))
            return p;
    }
    return NULL;
}

static void call_handler(const struct param *param, const struct cmdline_slice *value)
{
    const char *kept = value->text ? keep(value) : "";

    if (!kept)
        return;
    if (param->handler(kept))
        log_warn("command line: %s=%s makes no sense", param->name, kept);
}

/* Words of other kernels: of these, and of modules (a dot in the key). */
static bool is_foreign(const struct cmdline_slice *key)
{
    static const char *const known[] = {"console",  "earlycon",   "root",
                                        "rootwait", "rootfstype", "ro",
                                        "rw",       "loglevel",   "earlyprintk"};

    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        if (cmdline_equal(key, known[i]))
            return true;
    }
    return memchr(key->text, '.', key->len);
}

static void take_word(const struct cmdline_word *word)
{
    const struct param *param = find_param(&word->key);

    if (param)
        call_handler(param, &word->value);
    else if (word->value.text && !is_foreign(&word->key))
        add(&env, &word->whole);
}

void cmdline_init(const char *given)
{
    const char *rest = line;
    struct cmdline_word word;

    if (strlcpy(line, given, sizeof(line)) >= sizeof(line))
        log_warn("command line: cut after %lu characters", sizeof(line) - 1);
    while (cmdline_next(&rest, &word)) {
        if (cmdline_equal(&word.whole, "--"))
            break;
        take_word(&word);
    }
    while (cmdline_next(&rest, &word))
        add(&args, &word.whole);
}

/* --- words of the ground itself --- */

static int set_init(const char *value)
{
    init_path = value;
    return *value ? 0 : -EINVAL;
}
PARAM("init", set_init);

static int set_quiet(const char *value)
{
    (void)value;
    log_set_level(LOG_WARN);
    return 0;
}
PARAM("quiet", set_quiet);

static int set_debug(const char *value)
{
    (void)value;
    log_set_level(LOG_DEBUG);
    return 0;
}
PARAM("debug", set_debug);

static int set_panic(const char *value)
{
    s64 seconds;
    int err = num_parse_s64(value, 10, &seconds);

    if (!err)
        panic_set_timeout(seconds);
    return err;
}
PARAM("panic", set_panic);
