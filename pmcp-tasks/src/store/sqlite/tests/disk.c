// A disk that fails when a test says so: it is loaded before the C library of a process that uses the store.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

// A fault lasts for as long as the file of its name is in the directory; it is one of the store's files only.
static int has(const char *fault, int fd) {
    const char *directory = getenv("PMCP_TEST_DISK");
    char path[4096], file[4096];
    if (!directory) return 0;
    snprintf(path, sizeof path, "%s/%s", directory, fault);
    if (access(path, F_OK) != 0) return 0;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(path, file, sizeof file - 1);
    if (length < 0) return 0;
    file[length] = 0;
    const char *name = strstr(file, "/tasks.db");
    if (!name || (!strcmp(fault, "fsync-database") && strcmp(name, "/tasks.db"))) return 0;
    snprintf(path, sizeof path, "%s/%s-failed", directory, fault);
    fclose(fopen(path, "w"));
    return 1;
}

static int fails(const char *fault, int fd, int error) {
    if (!has(fault, fd)) return 0;
    errno = error;
    return 1;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int cannot_sync(int fd) { return fails("fsync", fd, EIO) || fails("fsync-database", fd, EIO); }

int fsync(int fd) { return cannot_sync(fd) ? -1 : NEXT(fsync)(fd); }
int fdatasync(int fd) { return cannot_sync(fd) ? -1 : NEXT(fdatasync)(fd); }

ssize_t write(int fd, const void *bytes, size_t count) {
    return fails("full", fd, ENOSPC) ? -1 : NEXT(write)(fd, bytes, count);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
    return fails("full", fd, ENOSPC) ? -1 : NEXT(pwrite)(fd, bytes, count, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
    return fails("full", fd, ENOSPC) ? -1 : NEXT(pwrite64)(fd, bytes, count, at);
}
