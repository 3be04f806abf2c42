/*
 * Objects as files. An object is one file, so that bytes and description change together, by one rename:
 *
 *     bytes of the object │ description, JSON │ length of the bytes, 8 bytes │ length of the description, 4 bytes │ "TATOROB1"
 *
 * A new one is written to a file without a name (O_TMPFILE; where the file system has none, under a random name in temp/), made
 * durable, then linked or renamed to its place: a crash at any moment leaves the old object or the new one, and no other file.
 */

#include <errno.h>
#include <dirent.h>
#include <endian.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tator/base64.h>

#include "objects.h"


#define TAIL_MAGIC   "TATOROB1"
#define TAIL_LENGTH  20
#define TAIL_GUESS   1024 /* most descriptions come with the first read */
#define TAIL_MAX     65536
#define COPY_BUFFER  (1024 * 1024)
#define PLACE_TRIES  16
#define SWEEP_AGE    86400

typedef struct {
    const char *name;
    size_t      offset;
} info_text_t;


static bool  object_description(objects_request_t *request, object_writer_t *writer, object_info_t *info);
static bool  object_place(objects_request_t *request, object_writer_t *writer, const char *path);
static char *object_temporary(objects_request_t *request);
static bool  write_all(int fd, const void *data, size_t len);
static bool  read_info(arena_t *arena, int fd, object_info_t *info);
static bool  info_from_json(arena_t *arena, const char *text, size_t len, object_info_t *info);


/* Texts of the description: in the file and in requests' and answers' headers. */
static const info_text_t info_texts[] = {
    {"content-type", offsetof(object_info_t, content_type)},
    {"content-disposition", offsetof(object_info_t, content_disposition)},
    {"content-encoding", offsetof(object_info_t, content_encoding)},
    {"cache-control", offsetof(object_info_t, cache_control)},
    {"x-amz-storage-class", offsetof(object_info_t, storage_class)},
};

#define INFO_TEXTS      (sizeof(info_texts) / sizeof(info_texts[0]))
#define info_text(info, i) (*(const char **) ((char *) (info) + info_texts[i].offset))


bool
object_create(objects_request_t *request, object_writer_t *writer, bool digest)
{
    char *folder, *name;

    memset(writer, 0, sizeof(object_writer_t));
    writer->fd = -1;

    folder = arena_format(request->arena, "%s/temp", request->store->root);

    writer->fd = open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    if (writer->fd < 0 && errno == ENOENT) {
        name = object_temporary(request);
        if (!object_make_folders(name)) {
            return objects_fail_errno(request);
        }
        writer->fd = open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    }

    if (writer->fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
        name = object_temporary(request);
        writer->fd = open(name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
        writer->name = strdup(name);
    }

    if (writer->fd < 0) {
        return objects_fail_errno(request);
    }

    writer->md5 = digest ? digest_md5() : NULL;

    return true;
}


bool
object_write(objects_request_t *request, object_writer_t *writer, const void *data, size_t len)
{
    if (writer->md5 != NULL) {
        digest_add(writer->md5, data, len);
    }

    if (!write_all(writer->fd, data, len)) {
        return objects_fail_errno(request);
    }

    writer->size += len;

    return true;
}


bool
object_copy(objects_request_t *request, object_writer_t *writer, int fd, uint64_t offset, uint64_t len)
{
    char   *buffer;
    bool    good;
    off64_t position;
    ssize_t n;

    position = (off64_t) offset;

    /* The file system may share the bytes; where it can not, the kernel at least copies by itself. */
    while (len > 0 && writer->md5 == NULL) {
        n = copy_file_range(fd, &position, writer->fd, NULL, len < SSIZE_MAX ? (size_t) len : SSIZE_MAX, 0);
        if (n <= 0) {
            break;
        }
        len -= (uint64_t) n;
        writer->size += (uint64_t) n;
    }

    if (len == 0) {
        return true;
    }

    buffer = malloc(COPY_BUFFER);
    if (buffer == NULL) {
        return objects_fail(request, "SlowDown");
    }

    for (good = true; good && len > 0; len -= (uint64_t) n) {
        n = pread(fd, buffer, len < COPY_BUFFER ? (size_t) len : COPY_BUFFER, position);
        if (n <= 0) {
            free(buffer);
            return n < 0 ? objects_fail_errno(request) : objects_fail(request, "InternalError");
        }
        position += n;
        good = object_write(request, writer, buffer, (size_t) n);
    }

    free(buffer);

    return good;
}


bool
object_commit(objects_request_t *request, object_writer_t *writer, object_info_t *info, const char *path)
{
    bool good;

    good = object_description(request, writer, info) && object_place(request, writer, path);
    object_drop(writer);

    return good;
}


void
object_drop(object_writer_t *writer)
{
    if (writer->name != NULL) {
        unlink(writer->name);
        free(writer->name);
    }
    if (writer->fd >= 0) {
        close(writer->fd);
    }
    digest_free(writer->md5);

    memset(writer, 0, sizeof(object_writer_t));
    writer->fd = -1;
}


int
object_open(arena_t *arena, const char *path, object_info_t *info)
{
    int fd;

    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        if (errno == ENOTDIR) {
            errno = ENOENT;
        }
        return -1;
    }

    if (!read_info(arena, fd, info)) {
        close(fd);
        errno = EBADMSG;
        return -1;
    }

    return fd;
}


bool
object_remove(objects_request_t *request, const char *path)
{
    char  *folder, *slash, *tags;
    size_t root;

    tags = arena_format(request->arena, "%stags", path);

    if (unlink(path) != 0) {
        return errno == ENOENT || errno == ENOTDIR ? true : objects_fail_errno(request);
    }

    (void) unlink(tags);
    sync_folder_of(path);

    folder = arena_text(request->arena, path);
    root = strlen(request->store->root) + sizeof("/buckets/") + strlen(request->bucket);

    while ((slash = strrchr(folder, '/')) != NULL && (size_t) (slash - folder) >= root) {
        *slash = '\0';
        if (rmdir(folder) != 0) {
            break;
        }
    }

    return true;
}


bool
object_make_folders(const char *path)
{
    int   error;
    char *folder, *p;

    folder = strdup(path);
    if (folder == NULL) {
        return false;
    }

    error = 0;

    for (p = strchr(folder + 1, '/'); p != NULL; p = strchr(p + 1, '/')) {
        *p = '\0';

        if (mkdir(folder, 0700) == 0) {
            sync_folder_of(folder);

        } else if (errno != EEXIST) {
            error = errno;
            break;
        }

        *p = '/';
    }

    free(folder);
    errno = error;

    return error == 0;
}


bool
object_put_json(objects_request_t *request, const char *path, json_t *value)
{
    bool            good;
    char           *text;
    object_writer_t writer;

    if (!object_create(request, &writer, false)) {
        return false;
    }

    text = json_text(request->arena, value);
    good = object_write(request, &writer, text, strlen(text));
    if (good && fsync(writer.fd) != 0) {
        good = objects_fail_errno(request);
    }
    good = good && object_place(request, &writer, path);
    object_drop(&writer);

    return good;
}


json_t *
object_get_json(const char *path)
{
    int     fd;
    json_t *value;

    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return NULL;
    }

    value = json_loadfd(fd, 0, NULL);
    close(fd);

    return value;
}


bool
sync_folder_of(const char *path)
{
    int   fd;
    char *folder, *slash;
    bool  good;

    folder = strdup(path);
    slash = folder != NULL ? strrchr(folder, '/') : NULL;
    if (slash == NULL || slash == folder) {
        free(folder);
        return false;
    }

    *slash = '\0';
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(folder);

    if (fd < 0) {
        return false;
    }

    good = fsync(fd) == 0;
    close(fd);

    return good;
}


void
object_sweep(const char *root, time_t now)
{
    int            folder;
    DIR           *scan;
    char           path[1024];
    struct stat    status;
    struct dirent *entry;

    snprintf(path, sizeof(path), "%s/temp", root);

    scan = opendir(path);
    if (scan == NULL) {
        return;
    }

    folder = dirfd(scan);
    while ((entry = readdir(scan)) != NULL) {
        if (fstatat(folder, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode) && status.st_mtime < now - SWEEP_AGE) {
            unlinkat(folder, entry->d_name, 0);
        }
    }

    closedir(scan);
}


void
object_describe(objects_request_t *request, object_info_t *info)
{
    char       *encoding, *rest;
    size_t      i;
    const char *value;

    memset(info, 0, sizeof(object_info_t));

    for (i = 0; i < INFO_TEXTS; i++) {
        info_text(info, i) = objects_header(request, info_texts[i].name);
    }

    /* This encoding is that of the transfer only. */
    if (info->content_encoding != NULL && strncmp(info->content_encoding, "aws-chunked", 11) == 0) {
        encoding = arena_text(request->arena, info->content_encoding);
        rest = strchr(encoding, ',');
        info->content_encoding = rest != NULL ? rest + 1 + strspn(rest + 1, " ") : NULL;
    }

    info->meta = arena_alloc(request->arena, (request->n_headers + 1) * sizeof(pair_t));

    for (i = 0; i < request->n_headers; i++) {
        value = request->headers[i].name;
        if (strncmp(value, "x-amz-meta-", 11) == 0 && value[11] != '\0') {
            info->meta[info->n_meta++] = (pair_t) {value + 11, request->headers[i].value};
        }
    }
}


static bool
object_description(objects_request_t *request, object_writer_t *writer, object_info_t *info)
{
    char          *text, tail[TAIL_LENGTH];
    json_t        *value, *meta;
    size_t         i;
    uint32_t       text_len;
    uint64_t       size;
    const char    *given;
    unsigned char  random[16], hash[MD5_LENGTH];

    if (writer->md5 != NULL && info->etag[0] == '\0') {
        digest_finish(writer->md5, hash);
        hex_encode(info->etag, hash, MD5_LENGTH);

        given = objects_header(request, "content-md5");
        if (given != NULL && strcmp(given, base64_encode(request->arena, hash, MD5_LENGTH)) != 0) {
            return objects_fail(request, "BadDigest");
        }
    }

    random_bytes(random, sizeof(random));
    hex_encode(info->id, random, sizeof(random));
    info->size = writer->size;
    info->modified = (int64_t) time(NULL);

    value = json_object();
    meta = json_object();
    json_object_set_new(value, "etag", json_string(info->etag));
    json_object_set_new(value, "id", json_string(info->id));
    json_object_set_new(value, "modified", json_integer(info->modified));

    for (i = 0; i < INFO_TEXTS; i++) {
        if (info_text(info, i) != NULL) {
            json_object_set_new(value, info_texts[i].name, json_string(info_text(info, i)));
        }
    }

    for (i = 0; i < info->n_meta; i++) {
        json_object_set_new(meta, info->meta[i].name, json_string(info->meta[i].value));
    }
    json_object_set_new(value, "meta", meta);

    text = json_text(request->arena, value);
    json_decref(value);

    text_len = (uint32_t) strlen(text);
    if (text_len > TAIL_MAX) {
        return objects_fail(request, "MetadataTooLarge");
    }

    size = htole64(writer->size);
    memcpy(tail, &size, 8);
    i = text_len;
    text_len = htole32(text_len);
    memcpy(tail + 8, &text_len, 4);
    memcpy(tail + 12, TAIL_MAGIC, 8);

    if (!write_all(writer->fd, text, i) || !write_all(writer->fd, tail, TAIL_LENGTH) || fsync(writer->fd) != 0) {
        return objects_fail_errno(request);
    }

    return true;
}


/* Give the file its name. A folder may go away between its making and the naming, when its last object is removed: try again. */
static bool
object_place(objects_request_t *request, object_writer_t *writer, const char *path)
{
    int   i;
    char  self[32];
    char *name;

    snprintf(self, sizeof(self), "/proc/self/fd/%d", writer->fd);

    for (i = 0; i < PLACE_TRIES; i++) {

        if (!object_make_folders(path)) {
            if (errno == ENOENT) {
                continue;
            }
            return objects_fail_errno(request);
        }

        if (writer->name == NULL) {
            if (linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0) {
                sync_folder_of(path);
                return true;
            }

            if (errno == EEXIST) {
                name = object_temporary(request);
                if (linkat(AT_FDCWD, self, AT_FDCWD, name, AT_SYMLINK_FOLLOW) != 0) {
                    return objects_fail_errno(request);
                }
                writer->name = strdup(name);
            }
        }

        if (writer->name != NULL && rename(writer->name, path) == 0) {
            free(writer->name);
            writer->name = NULL;
            sync_folder_of(path);
            return true;
        }

        if (errno != ENOENT) {
            return objects_fail_errno(request);
        }
    }

    return objects_fail(request, "SlowDown");
}


static char *
object_temporary(objects_request_t *request)
{
    char          hex[33];
    unsigned char random[16];

    random_bytes(random, sizeof(random));
    hex_encode(hex, random, sizeof(random));

    return arena_format(request->arena, "%s/temp/%s", request->store->root, hex);
}


static bool
write_all(int fd, const void *data, size_t len)
{
    ssize_t     n;
    const char *p;

    for (p = data; len > 0; p += n, len -= (size_t) n) {
        n = write(fd, p, len);
        if (n < 0 && errno == EINTR) {
            n = 0;
        } else if (n <= 0) {
            return false;
        }
    }

    return true;
}


static bool
read_info(arena_t *arena, int fd, object_info_t *info)
{
    char        guess[TAIL_GUESS], *text;
    size_t      have;
    ssize_t     n;
    uint32_t    text_len;
    uint64_t    size;
    struct stat status;

    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size < TAIL_LENGTH) {
        return false;
    }

    have = status.st_size < TAIL_GUESS ? (size_t) status.st_size : TAIL_GUESS;
    n = pread(fd, guess, have, status.st_size - (off_t) have);
    if (n != (ssize_t) have || memcmp(guess + have - 8, TAIL_MAGIC, 8) != 0) {
        return false;
    }

    memcpy(&size, guess + have - TAIL_LENGTH, 8);
    memcpy(&text_len, guess + have - TAIL_LENGTH + 8, 4);
    size = le64toh(size);
    text_len = le32toh(text_len);

    if (text_len > TAIL_MAX || size + text_len + TAIL_LENGTH != (uint64_t) status.st_size) {
        return false;
    }

    if (text_len + TAIL_LENGTH <= have) {
        text = guess + have - TAIL_LENGTH - text_len;

    } else {
        text = arena_alloc(arena, text_len);
        if (pread(fd, text, text_len, (off_t) size) != (ssize_t) text_len) {
            return false;
        }
    }

    if (!info_from_json(arena, text, text_len, info)) {
        return false;
    }

    info->size = size;

    return true;
}


static bool
info_from_json(arena_t *arena, const char *text, size_t len, object_info_t *info)
{
    json_t     *value, *entry;
    size_t      i;
    const char *name, *id, *etag, *found;

    memset(info, 0, sizeof(object_info_t));

    value = json_parse(text, len, NULL);
    etag = json_string_value(json_object_get(value, "etag"));
    id = json_string_value(json_object_get(value, "id"));

    if (etag == NULL || id == NULL) {
        json_decref(value);
        return false;
    }

    snprintf(info->etag, sizeof(info->etag), "%s", etag);
    snprintf(info->id, sizeof(info->id), "%s", id);
    info->modified = json_integer_value(json_object_get(value, "modified"));

    for (i = 0; i < INFO_TEXTS; i++) {
        found = json_string_value(json_object_get(value, info_texts[i].name));
        info_text(info, i) = found != NULL ? arena_text(arena, found) : NULL;
    }

    info->meta = arena_alloc(arena, (json_object_size(json_object_get(value, "meta")) + 1) * sizeof(pair_t));
    json_object_foreach (json_object_get(value, "meta"), name, entry) {
        info->meta[info->n_meta++] = (pair_t) {arena_text(arena, name), arena_text(arena, json_string_value(entry))};
    }

    json_decref(value);

    return true;
}
