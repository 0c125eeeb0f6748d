/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scripts: a file that begins with "#!" names the program that interprets it. The rest of the line
 * is one argument for it, as on Linux, and the interpreter may be a script in turn.
 */
#include "exec.h"

#include <abi/linux/limits.h>
#include <lib/err.h>
#include <lib/string.h>
#include <mm/slab.h>

#define LINE_MAX  256u /* of the first line, with "#!" and newline */
#define DEPTH_MAX 4u   /* of scripts that interpret scripts */
#define BUF_SIZE  (PATH_MAX + DEPTH_MAX * LINE_MAX)

static void push(struct exec_script *script, const char *text, size_t len)
{
    script->start -= len + 1;
    memcpy(script->buf + script->start, text, len);
    script->buf[script->start + len] = 0;
    script->count++;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

struct word {
    const char *text;
    size_t len;
};

/* Splits the line behind "#!" into interpreter and argument (len 0: none). False: makes no sense. */
static bool split_line(const char *head, size_t len, struct word *program, struct word *argument)
{
    const char *limit = head + MIN(len, LINE_MAX);
    const char *at = head + 2;
    const char *end = memchr(at, '\n', (size_t)(limit - at));

    if (!end) {
        if (len >= LINE_MAX)
            return false; /* a name that was cut might be another program's */
        end = limit;
    }
    while (end > at && (is_blank(end[-1]) || end[-1] == '\r'))
        end--;
    while (at < end && is_blank(*at))
        at++;
    program->text = at;
    while (at < end && !is_blank(*at))
        at++;
    program->len = (size_t)(at - program->text);
    while (at < end && is_blank(*at))
        at++;
    *argument = (struct word){at, (size_t)(end - at)};
    return program->len && !memchr(head, 0, (size_t)(end - head));
}

const char *exec_script_next(struct exec_script *script, const char *head, size_t len,
                             const char *path)
{
    struct word program;
    struct word argument;

    if (len < 2 || head[0] != '#' || head[1] != '!')
        return NULL;
    if (!split_line(head, len, &program, &argument))
        return ERR_PTR(-ENOEXEC);
    if (!script->buf) {
        script->buf = kmalloc(BUF_SIZE);
        if (!script->buf)
            return ERR_PTR(-ENOMEM);
        script->start = BUF_SIZE;
        push(script, path, strlen(path));
    }
    if (script->depth++ == DEPTH_MAX)
        return ERR_PTR(-ELOOP);
    /* There is room: the two words with their NULs are no longer than the line was. */
    if (argument.len)
        push(script, argument.text, argument.len);
    push(script, program.text, program.len);
    return script->buf + script->start;
}

void exec_script_put(struct exec_script *script)
{
    kfree(script->buf);
}
