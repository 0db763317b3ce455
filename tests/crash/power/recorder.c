/* Writes down what a process does to the files of one folder, in order: preloaded by tests/crash/power/recording.py.

   Every entry is a head (op, a, b, length; little-endian as on any machine we test on) and `length` bytes. What was
   written to standard output is an entry too: it stands at the moment when somebody could see it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { OP_CREATE = 1, OP_WRITE, OP_TRUNCATE, OP_SYNC, OP_SYNC_FOLDER, OP_RENAME, OP_LINK, OP_UNLINK, OP_SHOWN };
enum { MAX_FD = 4096 };

struct head { uint32_t op; uint32_t length; uint64_t a; uint64_t b; };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char folder[PATH_MAX];
static size_t folder_length;
static int trace = -1;
static char watched[MAX_FD]; /* 1: a file of the folder, 2: the folder itself */

__attribute__((constructor)) static void begin(void) {
    const char *where = getenv("KJT_RECORD_FOLDER"), *out = getenv("KJT_RECORD_TO");
    if (!where || !out || !realpath(where, folder)) return;
    folder_length = strlen(folder);
    trace = (int)syscall(SYS_openat, AT_FDCWD, out, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void put(uint32_t op, uint64_t a, uint64_t b, const void *data, size_t length) {
    struct head head = {op, (uint32_t)length, a, b};
    struct iovec parts[2] = {{&head, sizeof head}, {(void *)data, length}};
    if (trace >= 0 && syscall(SYS_writev, trace, parts, 2) != (ssize_t)(sizeof head + length)) abort();
}

/* The name below the folder; NULL for anything else. "" is the folder itself. */
static const char *find_name(const char *path, char *whole) {
    if (trace < 0) return NULL;
    if (path[0] != '/') {
        if (!getcwd(whole, PATH_MAX)) return NULL;
        strncat(whole, "/", PATH_MAX - strlen(whole) - 1);
        strncat(whole, path, PATH_MAX - strlen(whole) - 1);
    } else {
        snprintf(whole, PATH_MAX, "%s", path);
    }
    if (strncmp(whole, folder, folder_length)) return NULL;
    if (whole[folder_length] == 0) return whole + folder_length;
    return whole[folder_length] == '/' ? whole + folder_length + 1 : NULL;
}

static uint64_t find_inode(int fd) {
    struct stat found;
    return fstat(fd, &found) ? 0 : found.st_ino;
}

static int is_file(int fd) { return fd >= 0 && fd < MAX_FD && watched[fd] == 1; }

static int open_watched(int at, const char *path, int flags, mode_t mode) {
    char whole[PATH_MAX];
    const char *name = find_name(path, whole);
    if (!name) return (int)syscall(SYS_openat, at, path, flags, mode);
    pthread_mutex_lock(&lock);
    struct stat before;
    int is_new = (flags & O_CREAT) && fstatat(at, path, &before, 0) != 0;
    int fd = (int)syscall(SYS_openat, at, path, flags, mode);
    if (fd >= 0 && fd < MAX_FD) {
        watched[fd] = *name ? 1 : 2;
        if (is_new) put(OP_CREATE, find_inode(fd), 0, name, strlen(name));
        else if (*name && (flags & O_TRUNC)) put(OP_TRUNCATE, find_inode(fd), 0, "", 0);
    }
    pthread_mutex_unlock(&lock);
    return fd;
}

#define OPENER(NAME)                                                                                          \
    int NAME(const char *path, int flags, ...) {                                                              \
        va_list rest;                                                                                         \
        va_start(rest, flags);                                                                                \
        mode_t mode = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(rest, mode_t) : 0;       \
        va_end(rest);                                                                                         \
        return open_watched(AT_FDCWD, path, flags, mode);                                                     \
    }
OPENER(open)
OPENER(open64)

int close(int fd) {
    if (fd >= 0 && fd < MAX_FD) watched[fd] = 0;
    return (int)syscall(SYS_close, fd);
}

static ssize_t write_at(int fd, const void *data, size_t length, off64_t offset) {
    pthread_mutex_lock(&lock);
    ssize_t done = syscall(SYS_pwrite64, fd, data, length, offset);
    if (done > 0) put(OP_WRITE, find_inode(fd), (uint64_t)offset, data, (size_t)done);
    pthread_mutex_unlock(&lock);
    return done;
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t offset) {
    return is_file(fd) ? write_at(fd, data, length, offset) : syscall(SYS_pwrite64, fd, data, length, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset) {
    return is_file(fd) ? write_at(fd, data, length, offset) : syscall(SYS_pwrite64, fd, data, length, offset);
}

ssize_t write(int fd, const void *data, size_t length) {
    if (!is_file(fd) && (fd != STDOUT_FILENO || trace < 0)) return syscall(SYS_write, fd, data, length);
    pthread_mutex_lock(&lock);
    off64_t offset = fd == STDOUT_FILENO ? 0 : lseek64(fd, 0, SEEK_CUR);
    /* Shown counts from before the call: whoever reads it may be quicker than we are. */
    if (fd == STDOUT_FILENO) put(OP_SHOWN, 0, 0, data, length);
    ssize_t done = syscall(SYS_write, fd, data, length);
    if (done > 0 && fd != STDOUT_FILENO) put(OP_WRITE, find_inode(fd), (uint64_t)offset, data, (size_t)done);
    pthread_mutex_unlock(&lock);
    return done;
}

static int truncate_to(int fd, off64_t length) {
    if (!is_file(fd)) return (int)syscall(SYS_ftruncate, fd, length);
    pthread_mutex_lock(&lock);
    int result = (int)syscall(SYS_ftruncate, fd, length);
    if (!result) put(OP_TRUNCATE, find_inode(fd), (uint64_t)length, "", 0);
    pthread_mutex_unlock(&lock);
    return result;
}

int ftruncate(int fd, off_t length) { return truncate_to(fd, length); }
int ftruncate64(int fd, off64_t length) { return truncate_to(fd, length); }

/* Nothing is written meanwhile: what came between call and entry would look as if it were safe. */
static int sync_with(long call, int fd) {
    if (fd < 0 || fd >= MAX_FD || !watched[fd]) return (int)syscall(call, fd);
    pthread_mutex_lock(&lock);
    int result = (int)syscall(call, fd);
    if (!result) put(watched[fd] == 1 ? OP_SYNC : OP_SYNC_FOLDER, find_inode(fd), 0, "", 0);
    pthread_mutex_unlock(&lock);
    return result;
}

int fsync(int fd) { return sync_with(SYS_fsync, fd); }
int fdatasync(int fd) { return sync_with(SYS_fdatasync, fd); }

static void put_names(uint32_t op, const char *from, const char *to) {
    char one[PATH_MAX], other[PATH_MAX], both[2 * PATH_MAX];
    const char *old = find_name(from, one), *fresh = find_name(to, other);
    if (!old || !fresh) return;
    int length = snprintf(both, sizeof both, "%s\n%s", old, fresh);
    put(op, 0, 0, both, (size_t)length);
}

int rename(const char *from, const char *to) {
    pthread_mutex_lock(&lock);
    int result = (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    if (!result) put_names(OP_RENAME, from, to);
    pthread_mutex_unlock(&lock);
    return result;
}

int linkat(int from_at, const char *from, int to_at, const char *to, int flags) {
    pthread_mutex_lock(&lock);
    int result = (int)syscall(SYS_linkat, from_at, from, to_at, to, flags);
    if (!result) put_names(OP_LINK, from, to);
    pthread_mutex_unlock(&lock);
    return result;
}

int link(const char *from, const char *to) { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }

int unlink(const char *path) {
    char whole[PATH_MAX];
    pthread_mutex_lock(&lock);
    int result = (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    const char *name = find_name(path, whole);
    if (!result && name) put(OP_UNLINK, 0, 0, name, strlen(name));
    pthread_mutex_unlock(&lock);
    return result;
}
