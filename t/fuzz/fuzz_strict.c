/* link: workers/transcode/strict.c */
/* libraries: media */
/* JPEG and PNG, read to their ends. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "workers/transcode/strict.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int  fd = memfd_create("image", 0);
    bool jpeg, png;

    if (fd == -1 || write(fd, data, size) != (ssize_t) size) {
        abort();
    }

    jpeg = strict_is_whole("jpeg", fd);
    png = strict_is_whole("png", fd);

    /* Each of them has its mark, and asked again it is the same. */
    if ((jpeg && (size < 4 || memcmp(data, "\xff\xd8", 2) != 0)) || (png && (size < 57 || memcmp(data, "\x89PNG", 4) != 0)) ||
        jpeg != strict_is_whole("jpeg", fd) || png != strict_is_whole("png", fd)) {
        abort();
    }

    close(fd);

    return 0;
}
