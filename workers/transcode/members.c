/*
 * Walking over an archive.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>
#include <jansson.h>

#include "members.h"

#define BLOCK (256 << 10)

struct members_s {
    source_t             *source;
    fault_t              *fault;
    struct archive       *archive;
    struct archive_entry *entry;
    int64_t               position;
    int                   seen;  /* entries of any kind */
    int                   index; /* of the next plain file */
    size_t                texts; /* bytes given out by member_text() */
    char                  path[4096];
    char                  block[BLOCK]; /* of the source, as libarchive holds it */
    char                  data[BLOCK];  /* of a member */
};


static la_ssize_t on_read(struct archive *archive, void *members, const void **data);
static la_int64_t on_skip(struct archive *archive, void *members, la_int64_t len);
static la_int64_t on_seek(struct archive *archive, void *members, la_int64_t offset, int whence);
static bool       is_plain(struct archive_entry *entry);
static bool       path_read(members_t *members);
static bool       head_read(members_t *members, member_t *member);
static bool       archive_fault(members_t *members);


members_t *
members_open(source_t *source, fault_t *fault)
{
    members_t      *members = calloc(1, sizeof(members_t));
    struct archive *archive = archive_read_new();

    if (members == NULL || archive == NULL) {
        fault_set(fault, true, "no memory");
        free(members);
        archive_read_free(archive);
        return NULL;
    }

    members->source = source;
    members->fault = fault;
    members->archive = archive;

    archive_read_support_format_zip(archive);
    archive_read_support_format_tar(archive);
    archive_read_support_filter_gzip(archive);
    archive_read_support_filter_bzip2(archive);
    archive_read_support_filter_xz(archive);
    archive_read_support_filter_zstd(archive);

    archive_read_set_callback_data(archive, members);
    archive_read_set_read_callback(archive, on_read);
    archive_read_set_skip_callback(archive, on_skip);
    archive_read_set_seek_callback(archive, on_seek);

    if (archive_read_open1(archive) != ARCHIVE_OK) {
        archive_fault(members);
        members_close(members);
        return NULL;
    }

    return members;
}


void
members_close(members_t *members)
{
    if (members != NULL) {
        archive_read_free(members->archive);
        free(members);
    }
}


bool
members_next(members_t *members, member_t *member)
{
    int status;

    for (;;) {
        status = archive_read_next_header(members->archive, &members->entry);

        if (status == ARCHIVE_EOF) {
            return false;
        }

        if (status < ARCHIVE_WARN) {
            return archive_fault(members);
        }

        if (++members->seen > MEMBERS_LIMIT) {
            return fault_of(members->fault, FAULT_LIMIT, false, "the archive has more than %d entries", MEMBERS_LIMIT);
        }

        if (is_plain(members->entry) && path_read(members)) {
            break;
        }
    }

    member->path = members->path;
    member->index = members->index++;
    member->walk = members;

    return head_read(members, member);
}


bool
member_write(member_t *member, int fd)
{
    const char *data = (const char *) member->head;
    la_ssize_t  n = (la_ssize_t) member->head_len;
    ssize_t     written;
    members_t  *members = member->walk;

    while (n > 0) {
        written = write(fd, data, (size_t) n);

        if (written < 0 && errno != EINTR) {
            return fault_of(members->fault, FAULT_LIMIT, false, "the archive's %.100s is larger than what the disk can take: %s",
                            members->path, strerror(errno));
        }

        data += written > 0 ? written : 0;
        n -= written > 0 ? written : 0;

        if (n == 0) {
            n = archive_read_data(members->archive, members->data, BLOCK);
            data = members->data;
        }
    }

    return n == 0 || archive_fault(members);
}


char *
member_text(member_t *member, size_t *len)
{
    char      *text = NULL, *grown;
    size_t     room = 0;
    la_ssize_t n = (la_ssize_t) member->head_len;
    members_t *members = member->walk;

    for (*len = 0; n > 0 || text == NULL; *len += (size_t) n) {
        if (*len > 0) {
            n = archive_read_data(members->archive, members->data, BLOCK);
            if (n < 0) {
                archive_fault(members);
                goto failed;
            }
        }

        if (*len + (size_t) n > MEMBER_TEXT || members->texts + (size_t) n > MEMBERS_TEXTS) {
            fault_of(members->fault, FAULT_LIMIT, false, "the archive's %.100s is too large", members->path);
            goto failed;
        }

        if (*len + (size_t) n + 1 > room) {
            room = (*len + (size_t) n) * 2 + 1;
            grown = realloc(text, room);
            if (grown == NULL) {
                fault_set(members->fault, true, "no memory");
                goto failed;
            }

            text = grown;
        }

        memcpy(text + *len, *len > 0 ? members->data : (const char *) member->head, (size_t) n);
        members->texts += (size_t) n;
    }

    text[*len] = '\0';

    return text;

failed:

    free(text);

    return NULL;
}


static la_ssize_t
on_read(struct archive *archive, void *closure, const void **data)
{
    int64_t    n;
    members_t *members = closure;

    n = source_read(members->source, members->position, members->block, BLOCK);

    if (n < 0) {
        archive_set_error(archive, EIO, "the source can not be read");
        return -1;
    }

    members->position += n;
    *data = members->block;

    return n;
}


static la_int64_t
on_skip(struct archive *archive, void *closure, la_int64_t len)
{
    members_t *members = closure;
    int64_t    left = source_size(members->source) - members->position;

    (void) archive;

    len = len < left ? len : left;
    len = len > 0 ? len : 0;
    members->position += len;

    return len;
}


static la_int64_t
on_seek(struct archive *archive, void *closure, la_int64_t offset, int whence)
{
    members_t *members = closure;

    offset += whence == SEEK_CUR ? members->position : whence == SEEK_END ? source_size(members->source) : 0;

    if (offset < 0) {
        archive_set_error(archive, EINVAL, "before the beginning");
        return ARCHIVE_FATAL;
    }

    members->position = offset;

    return offset;
}


/* No link of either kind, no folder, no device, no locked one. */
static bool
is_plain(struct archive_entry *entry)
{
    return archive_entry_filetype(entry) == AE_IFREG && archive_entry_hardlink(entry) == NULL &&
           archive_entry_symlink(entry) == NULL && !archive_entry_is_encrypted(entry);
}


/* false: it has no name that could be told, or is what systems leave behind for themselves. */
static bool
path_read(members_t *members)
{
    const char *base, *path = archive_entry_pathname_utf8(members->entry);
    json_t     *valid;

    path = path != NULL ? path : archive_entry_pathname(members->entry);

    if (path == NULL || snprintf(members->path, sizeof(members->path), "%s", path) >= (int) sizeof(members->path)) {
        return false;
    }

    valid = json_string(members->path);
    json_decref(valid);

    base = strrchr(members->path, '/');
    base = base != NULL ? base + 1 : members->path;

    return valid != NULL && *base != '\0' && *base != '.' && strncmp(members->path, "__MACOSX/", 9) != 0;
}


static bool
head_read(members_t *members, member_t *member)
{
    la_ssize_t n;

    for (member->head_len = 0; member->head_len < MEMBER_HEAD; member->head_len += (size_t) n) {
        n = archive_read_data(members->archive, member->head + member->head_len, MEMBER_HEAD - member->head_len);

        if (n < 0) {
            return archive_fault(members);
        }

        if (n == 0) {
            break;
        }
    }

    return true;
}


/* Always false. */
static bool
archive_fault(members_t *members)
{
    const char *reason = archive_error_string(members->archive);

    return fault_set(members->fault, false, "the archive can not be read: %.200s", reason != NULL ? reason : "it is damaged");
}
