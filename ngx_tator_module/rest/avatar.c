/*
 * Pictures of users (avatar.h).
 */

#include <string.h>

#include <tator/base64.h>

#include "../api/live_store.h"
#include "avatar.h"

#define AVATAR_LIMIT 1048576

/* What the first bytes say; only rows with an extension are accepted. */
typedef struct {
    const char *magic;
    size_t      len;
    const char *type, *extension;
} avatar_kind_t;

static const avatar_kind_t avatar_kinds[] = {
    {"\xff\xd8\xff", 3, "image/jpeg", "jpg"},  {"\x89PNG\r\n\x1a\n", 8, "image/png", "png"}, {"GIF8", 4, "image/gif", NULL},
    {"RIFF", 4, "image/webp", NULL},           {"II*", 3, "image/tiff", NULL},               {"MM", 2, "image/tiff", NULL},
    {"BM", 2, "image/bmp", NULL},              {"%PDF", 4, "application/pdf", NULL},         {"<", 1, "text/html", NULL},
    {"", 0, "application/octet-stream", NULL},
};


avatar_t
avatar_read(rq_t *rq, const char *text)
{
    avatar_t             avatar = {0};
    const avatar_kind_t *kind;

    avatar.data = base64_decode(rq->arena, text, strlen(text), &avatar.len);
    if (avatar.data == NULL) {
        fail(rq, 400, "new_avatar is not base64.");
    }

    if (avatar.len > AVATAR_LIMIT) {
        fail(rq, 400, "Supplied profile image is too large %zu > %d", avatar.len, AVATAR_LIMIT);
    }

    for (kind = avatar_kinds; avatar.len < kind->len || memcmp(avatar.data, kind->magic, kind->len) != 0; kind++) {
        /* the last one takes everything */
    }

    if (kind->extension == NULL) {
        fail(rq, 400, "Supplied image is not an acceptable mime format %s", kind->type);
    }

    avatar.extension = kind->extension;
    avatar.type = kind->type;

    return avatar;
}


const char *
avatar_store(rq_t *rq, int64_t user, const avatar_t *avatar)
{
    const char *path = rq_format(rq, "user_data/%ld/avatar.%s", (long) user, avatar->extension);

    live_store_put(rq, path, avatar->data, avatar->len, avatar->type);

    return path;
}


const char *
avatar_path(rq_t *rq, int64_t user, const json_t *profile)
{
    const char *path = json_string_value(json_object_get(profile, "avatar"));
    const char *own = rq_format(rq, "user_data/%ld/", (long) user);

    return path != NULL && strncmp(path, own, strlen(own)) == 0 && strstr(path, "..") == NULL ? path : NULL;
}
