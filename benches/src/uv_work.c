/* libuv's side of the benchmark `pool`: no-op jobs on its thread pool, so many outstanding at any time.
 *
 * Compiled and started by src/peers/uv.rs. Each request is used again as it completes; nothing is allocated.
 * Usage: uv_work OUTSTANDING JOBS. Prints the nanoseconds from the first job to the end of the last. */

#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#define OUTSTANDING_MAX 65536

static uv_work_t requests[OUTSTANDING_MAX];
static unsigned long to_start;
static unsigned long to_end;
static uv_loop_t *loop;

static void work(uv_work_t *request) { (void)request; }

static void worked(uv_work_t *request, int status) {
    (void)status;
    to_end--;
    if (to_start > 0) {
        to_start--;
        uv_queue_work(loop, request, work, worked);
    }
}

static unsigned long run(unsigned long outstanding, unsigned long jobs) {
    unsigned long i;
    uint64_t begun = uv_hrtime();
    to_start = to_end = jobs;
    for (i = 0; i < outstanding && to_start > 0; i++) {
        to_start--;
        uv_queue_work(loop, &requests[i], work, worked);
    }
    uv_run(loop, UV_RUN_DEFAULT);
    return uv_hrtime() - begun;
}

int main(int argc, char **argv) {
    unsigned long outstanding, jobs;
    if (argc != 3) return 2;
    outstanding = strtoul(argv[1], NULL, 10);
    jobs = strtoul(argv[2], NULL, 10);
    if (outstanding == 0 || outstanding > OUTSTANDING_MAX) return 2;
    loop = uv_default_loop();
    run(outstanding, outstanding); /* starts the threads */
    printf("%lu\n", run(outstanding, jobs));
    return to_end != 0;
}
