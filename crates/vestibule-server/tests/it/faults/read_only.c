/* While the file READ_ONLY_WHEN is there, what is written below the folder READ_ONLY_FOLDER fails as it does
 * on a file system that was made read-only after an error, also through descriptors that are open already.
 * No mount does that to order: as long as somebody writes there, the kernel refuses to make it read-only. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static int is_read_only(int fd) {
    const char *folder = getenv("READ_ONLY_FOLDER"), *when = getenv("READ_ONLY_WHEN");
    char link[64], path[4096];
    if (!folder || !when || access(when, F_OK) != 0)
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0)
        return 0;
    path[length] = 0;
    return strncmp(path, folder, strlen(folder)) == 0;
}

#define GUARDED(kind, name, parameters, arguments)                                                             \
    kind name parameters {                                                                                     \
        static kind(*real) parameters;                                                                         \
        if (!real)                                                                                             \
            real = dlsym(RTLD_NEXT, #name);                                                                    \
        if (!is_read_only(fd))                                                                                 \
            return real arguments;                                                                             \
        errno = EROFS;                                                                                         \
        return -1;                                                                                             \
    }

GUARDED(ssize_t, write, (int fd, const void *bytes, size_t count), (fd, bytes, count))
GUARDED(ssize_t, pwrite, (int fd, const void *bytes, size_t count, off_t at), (fd, bytes, count, at))
GUARDED(ssize_t, pwrite64, (int fd, const void *bytes, size_t count, off64_t at), (fd, bytes, count, at))
GUARDED(int, ftruncate, (int fd, off_t length), (fd, length))
GUARDED(int, ftruncate64, (int fd, off64_t length), (fd, length))
