/*
 * The files in an archive: zip and tar, also packed (libarchive). Only plain files are seen; nothing gets a name on disk.
 */

#ifndef TRANSCODE_MEMBERS_H
#define TRANSCODE_MEMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "source.h"

#define MEMBERS_LIMIT   100000
#define MEMBER_HEAD     1024
#define MEMBER_TEXT     (64 << 20)  /* bytes of a file that is read into memory */
#define MEMBERS_TEXTS   (256 << 20) /* of all of them */

typedef struct members_s members_t;

typedef struct {
    const char   *path;  /* in the archive, valid UTF-8; belongs to the walk and is good until the next step */
    int           index; /* how many plain files came before it */
    unsigned char head[MEMBER_HEAD];
    size_t        head_len;
    members_t    *walk;
} member_t;

/*
 * A walk over the archive from its beginning. Life: members_open(), members_next() until it is false, members_close().
 * NULL: the fault is noted. The source must outlive it.
 */
members_t *members_open(source_t *source, fault_t *fault);
void       members_close(members_t *members);

/* The next plain file with its first bytes; false: there is none, or the fault is noted. */
bool members_next(members_t *members, member_t *member);

/* The whole of the file that members_next() gave last: appended to the descriptor; or as a text that the caller frees (NULL: the fault is noted). */
bool  member_write(member_t *member, int fd);
char *member_text(member_t *member, size_t *len);

#endif
