/* A disk that fails or is slow, for programs that are started with this library preloaded: what the file named by AKASHI_FAULT says happens at every fsync, fdatasync and write to a
 * file: "eio" (syncs fail), "write" (writes fail too), "slow N" (syncs take N ms longer); nothing without the file. Test code; built by the driver. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int told(char *word, int size, int *number)
{
    const char *name = getenv("AKASHI_FAULT");
    int fd = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return 0;
    char text[64] = {0};
    ssize_t read_ = read(fd, text, sizeof text - 1);
    close(fd);
    if (read_ <= 0)
        return 0;
    char *space = strchr(text, ' ');
    *number = space ? atoi(space + 1) : 0;
    if (space)
        *space = 0;
    snprintf(word, size, "%s", text);
    return 1;
}

static int fails(int writing)
{
    char word[16];
    int number, before = errno;
    if (!told(word, sizeof word, &number)) {
        errno = before;
        return 0;
    }
    if (!strcmp(word, "write") || (!strcmp(word, "eio") && !writing)) {
        errno = EIO;
        return 1;
    }
    if (!strcmp(word, "slow") && !writing) {
        struct timespec pause = {number / 1000, (number % 1000) * 1000000L};
        nanosleep(&pause, NULL);
    }
    errno = before;
    return 0;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int fsync(int fd) { return fails(0) ? -1 : NEXT(fsync)(fd); }
int fdatasync(int fd) { return fails(0) ? -1 : NEXT(fdatasync)(fd); }
ssize_t pwrite(int fd, const void *data, size_t size, off_t at) { return fails(1) ? -1 : NEXT(pwrite)(fd, data, size, at); }
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) { return fails(1) ? -1 : NEXT(pwrite64)(fd, data, size, at); }
