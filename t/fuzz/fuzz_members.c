/* link: workers/transcode/members.c workers/transcode/source.c workers/transcode/remote.c workers/transcode/lane.c workers/transcode/fault.c */
/* libraries: media */
/* Archives. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "workers/transcode/members.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int        fd = memfd_create("archive", 0), seen = 0;
    char       number[16], *text;
    size_t     len;
    fault_t    fault = FAULT_INITIALIZER;
    member_t   member;
    source_t  *source;
    members_t *walk;

    snprintf(number, sizeof(number), "%d", fd);

    if (fd == -1 || write(fd, data, size) != (ssize_t) size) {
        abort();
    }

    source = source_open(number, SOURCE_DESCRIPTOR, &fault);
    walk = source != NULL ? members_open(source, &fault) : NULL;

    while (walk != NULL && seen++ < 100 && members_next(walk, &member)) {
        if (strlen(member.path) == 0 || member.head_len > MEMBER_HEAD) {
            abort();
        }

        /* Some are read, some passed over. */
        text = member.index % 3 != 2 ? member_text(&member, &len) : NULL;
        if (text != NULL && text[len] != '\0') {
            abort();
        }

        free(text);

        if (fault_is_set(&fault)) {
            break;
        }
    }

    members_close(walk);
    source_close(source);
    close(fd);

    return 0;
}
