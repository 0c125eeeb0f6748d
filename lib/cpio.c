/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reader of newc archives. An entry is a header of 110 hexadecimal digits, the name with its NUL,
 * padding to 4 bytes, the body, padding to 4 bytes. Every length is checked against what is left
 * before it is used.
 */
#include <lib/cpio.h>
#include <lib/errno.h>
#include <lib/string.h>
#include <lib/types.h>

#define MAGIC      "070701"
#define MAGIC_LEN  6
#define HEADER_LEN 110
#define FIELD_LEN  8
#define TRAILER    "TRAILER!!!"
#define NAME_MAX   4096 /* with the NUL, as PATH_MAX */
#define TARGET_MAX 4095

/* Fields of a header, in their order behind the magic. */
enum field {
    INO,
    MODE,
    UID,
    GID,
    NLINK,
    MTIME,
    FILESIZE,
    DEV_MAJOR,
    DEV_MINOR,
    RDEV_MAJOR,
    RDEV_MINOR,
    NAMESIZE,
    CHECK,
    FIELDS
};

static int fail(struct cpio_reader *reader, size_t where, const char *reason)
{
    reader->reason = reason;
    reader->where = where;
    return -EINVAL;
}

void cpio_init(struct cpio_reader *reader, const void *data, size_t size)
{
    *reader = (struct cpio_reader){.data = data, .size = size};
}

/* The value of eight hexadecimal digits, or -1. */
static s64 hex_field(const u8 *p)
{
    s64 value = 0;

    for (int i = 0; i < FIELD_LEN; i++) {
        u8 c = p[i];
        u8 letter = c | 0x20;

        if (c >= '0' && c <= '9')
            value = value << 4 | (c - '0');
        else if (letter >= 'a' && letter <= 'f')
            value = value << 4 | (letter - 'a' + 10);
        else
            return -1;
    }
    return value;
}

/* What a wrong magic number most likely is, in words. */
static const char *name_magic(const u8 *p, size_t left)
{
    if (left >= MAGIC_LEN && !memcmp(p, "070702", MAGIC_LEN))
        return "checksummed (crc) archive, not newc";
    if (left >= MAGIC_LEN && !memcmp(p, "070707", MAGIC_LEN))
        return "old character (odc) archive, not newc";
    if (left >= 2 && p[0] == 0x1f && p[1] == 0x8b)
        return "compressed by gzip";
    if (left >= 4 && !memcmp(p, "\x28\xb5\x2f\xfd", 4))
        return "compressed by zstd";
    if (left >= 6 && !memcmp(p,
                             "\xfd"
                             "7zXZ",
                             6))
        return "compressed by xz";
    return "no cpio header";
}

static int read_header(struct cpio_reader *reader, u32 fields[FIELDS])
{
    const u8 *p = reader->data + reader->pos;
    size_t left = reader->size - reader->pos;

    if (left < MAGIC_LEN || memcmp(p, MAGIC, MAGIC_LEN))
        return fail(reader, reader->pos, name_magic(p, left));
    if (left < HEADER_LEN)
        return fail(reader, reader->pos, "archive ends inside a header");
    for (int i = 0; i < FIELDS; i++) {
        size_t at = (size_t)(MAGIC_LEN + i * FIELD_LEN);
        s64 value = hex_field(p + at);

        if (value < 0)
            return fail(reader, reader->pos + at, "header field is not hexadecimal");
        fields[i] = (u32)value;
    }
    return 0;
}

/* Finds name and body behind a header and moves the reader to the next one. */
static int read_parts(struct cpio_reader *reader, const u32 fields[FIELDS], struct cpio_entry *out)
{
    size_t name = reader->pos + HEADER_LEN;
    size_t name_size = fields[NAMESIZE];
    size_t body, end;

    if (name_size < 2 || name_size > NAME_MAX)
        return fail(reader, reader->pos, "name is empty or too long");
    if (name_size > reader->size - name)
        return fail(reader, reader->pos, "archive ends inside a name");
    if (strnlen((const char *)reader->data + name, name_size) != name_size - 1)
        return fail(reader, name, "name is not terminated where it should be");
    body = ALIGN_UP(name + name_size, 4);
    end = body + fields[FILESIZE];
    if (fields[FILESIZE] && end > reader->size)
        return fail(reader, reader->pos, "archive ends inside a body");
    out->name = (const char *)reader->data + name;
    out->name_len = name_size - 1;
    out->data = reader->data + MIN(body, reader->size);
    out->size = fields[FILESIZE];
    reader->pos = MIN(ALIGN_UP(end, 4), reader->size);
    return 0;
}

static void copy_fields(const u32 fields[FIELDS], struct cpio_entry *out)
{
    out->ino = fields[INO];
    out->mode = fields[MODE];
    out->uid = fields[UID];
    out->gid = fields[GID];
    out->nlink = fields[NLINK];
    out->mtime = fields[MTIME];
    out->dev_major = fields[DEV_MAJOR];
    out->dev_minor = fields[DEV_MINOR];
    out->rdev_major = fields[RDEV_MAJOR];
    out->rdev_minor = fields[RDEV_MINOR];
}

/* Takes leading "/" and "./" off the name; the root itself becomes ".". */
static void strip_name(struct cpio_entry *out)
{
    const char *name = out->name;

    while (*name == '/' || (*name == '.' && name[1] == '/'))
        name++;
    if (!*name)
        name = ".";
    out->name_len = strlen(name);
    out->name = name;
}

/* Whether each component is a real name. */
static bool name_is_plain(const char *name)
{
    if (!strcmp(name, "."))
        return true;
    for (;;) {
        size_t len = 0;

        while (name[len] && name[len] != '/')
            len++;
        if (!len || (name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.'))))
            return false;
        if (!name[len])
            return true;
        name += len + 1;
    }
}

/* What is wrong with the entry's type and body, or NULL. */
static const char *check_body(const struct cpio_entry *entry)
{
    switch (entry->mode & CPIO_MODE_TYPE) {
    case CPIO_MODE_FILE:
        return NULL;
    case CPIO_MODE_LINK:
        if (!entry->size || entry->size > TARGET_MAX)
            return "target of a symbolic link is empty or too long";
        return memchr(entry->data, 0, entry->size) ? "target of a symbolic link has a NUL" : NULL;
    case CPIO_MODE_DIR:
    case CPIO_MODE_CHAR:
    case CPIO_MODE_BLOCK:
    case CPIO_MODE_FIFO:
    case CPIO_MODE_SOCKET:
        return entry->size ? "a body where there should be none" : NULL;
    default:
        return "unknown file type";
    }
}

/* Between archives: steps over zeros. Returns 1 at a header, 0 at the end. */
static int find_archive(struct cpio_reader *reader)
{
    const u8 *next;

    if (reader->pos == reader->size)
        return 0;
    next = mem_find_not(reader->data + reader->pos, 0, reader->size - reader->pos);
    reader->pos = next ? (size_t)(next - reader->data) : reader->size;
    if (!next)
        return 0;
    if (!is_aligned(reader->pos, 4))
        return fail(reader, reader->pos, "archive does not begin at a multiple of 4 bytes");
    reader->in_archive = true;
    return 1;
}

/* Reads one entry; the trailer ends the archive and is no entry. */
static int read_entry(struct cpio_reader *reader, struct cpio_entry *out)
{
    size_t header = reader->pos;
    u32 fields[FIELDS];
    const char *reason;
    int error = read_header(reader, fields);

    if (!error)
        error = read_parts(reader, fields, out);
    if (error)
        return error;
    if (!strcmp(out->name, TRAILER)) {
        reader->in_archive = false;
        return 0;
    }
    copy_fields(fields, out);
    strip_name(out);
    reason = name_is_plain(out->name) ? check_body(out) : "name with an empty, . or .. component";
    return reason ? fail(reader, header, reason) : 1;
}

int cpio_next(struct cpio_reader *reader, struct cpio_entry *out)
{
    int result;

    if (reader->reason)
        return -EINVAL;
    do {
        if (!reader->in_archive) {
            result = find_archive(reader);
            if (result <= 0)
                return result;
        }
        if (reader->pos == reader->size)
            return fail(reader, reader->pos, "archive ends without a trailer");
        result = read_entry(reader, out);
    } while (!result);
    return result;
}
