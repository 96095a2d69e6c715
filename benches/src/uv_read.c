/* libuv's side of the benchmark `reads`: blocks of a file read at their places on its thread pool, so many outstanding.
 *
 * Compiled and started by src/peers/uv_read.rs. Requests and buffers are used again; libuv allocates nothing for them.
 * Usage: uv_read PATH FILE_BYTES BLOCK_BYTES OUTSTANDING READS. Prints the nanoseconds from the first read to the end of
 * the last, and those of CPU time. */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <uv.h>

#define OUTSTANDING_MAX 1024

static uv_fs_t requests[OUTSTANDING_MAX];
static uv_buf_t buffers[OUTSTANDING_MAX];
static unsigned long file_bytes, block_bytes, next_read, to_start, to_end, failed;
static uv_file file;

static void done(uv_fs_t *request);

static void start(uv_fs_t *request) {
    uv_buf_t *buffer = &buffers[request - requests];
    unsigned long at = next_read++ * block_bytes % file_bytes;
    to_start--;
    uv_fs_read(uv_default_loop(), request, file, buffer, 1, at, done);
}

static void done(uv_fs_t *request) {
    if (request->result != (ssize_t)block_bytes) failed++;
    uv_fs_req_cleanup(request);
    to_end--;
    if (to_start > 0) start(request);
}

static unsigned long cpu_nanos(void) {
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return used.tv_sec * 1000000000UL + used.tv_nsec;
}

static unsigned long run(unsigned long outstanding, unsigned long reads) {
    unsigned long i;
    uint64_t begun = uv_hrtime();
    to_start = to_end = reads;
    for (i = 0; i < outstanding && to_start > 0; i++) start(&requests[i]);
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    return uv_hrtime() - begun;
}

int main(int argc, char **argv) {
    unsigned long i, outstanding, reads, elapsed, cpu;
    uv_fs_t open;
    if (argc != 6) return 2;
    file_bytes = strtoul(argv[2], NULL, 10);
    block_bytes = strtoul(argv[3], NULL, 10);
    outstanding = strtoul(argv[4], NULL, 10);
    reads = strtoul(argv[5], NULL, 10);
    if (outstanding == 0 || outstanding > OUTSTANDING_MAX || block_bytes == 0) return 2;
    if (file_bytes < block_bytes || file_bytes % block_bytes != 0) return 2;
    file = uv_fs_open(NULL, &open, argv[1], O_RDONLY, 0, NULL);
    if (file < 0) return 2;
    for (i = 0; i < outstanding; i++) {
        buffers[i] = uv_buf_init(malloc(block_bytes), block_bytes);
        if (buffers[i].base == NULL) return 2;
    }
    run(outstanding, outstanding); /* starts the threads, touches the memory */
    cpu = cpu_nanos();
    elapsed = run(outstanding, reads);
    printf("%lu %lu\n", elapsed, cpu_nanos() - cpu);
    return failed != 0 || to_end != 0;
}
