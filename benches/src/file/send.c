/* C's side of the benchmark `files` where a file goes to a socket; started by src/file/server.rs.
 *
 * Usage: send JOB FROM TO. `straight` is sendfile; `staged` is pread and write, 64 KiB at a time. TO is not used. */

#include <fcntl.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "serve.h"

static const char *from;

static void straight(int client) {
    struct stat status;
    off_t at = 0;
    int file = open(from, O_RDONLY);
    if (file >= 0 && fstat(file, &status) == 0) {
        while (at < status.st_size && sendfile(client, file, &at, (size_t)(status.st_size - at)) > 0) {}
    }
    close(file);
}

static void staged(int client) {
    static unsigned char chunk[CHUNK_BYTES];
    off_t at = 0;
    ssize_t length;
    int file = open(from, O_RDONLY);
    while ((length = pread(file, chunk, sizeof chunk, at)) > 0 && write_all(client, chunk, (size_t)length)) {
        at += length;
    }
    close(file);
}

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    from = argv[2];
    if (strcmp(argv[1], "straight") == 0) return serve(straight);
    if (strcmp(argv[1], "staged") == 0) return serve(staged);
    return 2;
}
