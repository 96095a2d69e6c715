/* libuv's side of the benchmark `names`: look-ups of localhost, so many outstanding at any time.
 *
 * Compiled and started by src/peers/uv_names.rs. Each request is used again as it completes. Each has its own spelling of the
 * name, as the other side has it. Usage: uv_getaddrinfo OUTSTANDING LOOKUPS. Prints the nanoseconds from the first to the
 * end of the last. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define OUTSTANDING_MAX 512

static uv_getaddrinfo_t requests[OUTSTANDING_MAX];
static char names[OUTSTANDING_MAX][10];
static struct addrinfo hints;
static unsigned long to_start;
static unsigned long to_end;
static unsigned long failed;
static uv_loop_t *loop;

static void found(uv_getaddrinfo_t *request, int status, struct addrinfo *addresses);

static void look_up(uv_getaddrinfo_t *request) {
    to_start--;
    if (uv_getaddrinfo(loop, request, found, names[request - requests], NULL, &hints) != 0) exit(1);
}

static void found(uv_getaddrinfo_t *request, int status, struct addrinfo *addresses) {
    if (status != 0) failed++;
    uv_freeaddrinfo(addresses);
    to_end--;
    if (to_start > 0) look_up(request);
}

static unsigned long run(unsigned long outstanding, unsigned long lookups) {
    unsigned long i;
    uint64_t begun = uv_hrtime();
    to_start = to_end = lookups;
    for (i = 0; i < outstanding && to_start > 0; i++) look_up(&requests[i]);
    uv_run(loop, UV_RUN_DEFAULT);
    return uv_hrtime() - begun;
}

int main(int argc, char **argv) {
    unsigned long outstanding, lookups, i;
    int letter;
    if (argc != 3) return 2;
    outstanding = strtoul(argv[1], NULL, 10);
    lookups = strtoul(argv[2], NULL, 10);
    if (outstanding == 0 || outstanding > OUTSTANDING_MAX) return 2;
    hints.ai_socktype = SOCK_STREAM;
    for (i = 0; i < OUTSTANDING_MAX; i++) {
        strcpy(names[i], "localhost");
        for (letter = 0; letter < 9; letter++) {
            if (i >> letter & 1) names[i][letter] -= 'a' - 'A';
        }
    }
    loop = uv_default_loop();
    run(outstanding, outstanding); /* starts the threads */
    printf("%lu\n", run(outstanding, lookups));
    return to_end != 0 || failed != 0;
}
