/* libuv's side of the benchmark `timers`: a crowd of timers armed and cancelled, then one armed and fired.
 *
 * Compiled and started by src/peers/uv_timers.rs. The handles are allocated by the program, once.
 * Usage: uv_timers COUNT. Prints the nanoseconds of CPU time of both. */

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <uv.h>

static unsigned long fired;

static void tick(uv_timer_t *timer) {
    (void)timer;
    fired++;
}

static unsigned long cpu_nanos(void) {
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return used.tv_sec * 1000000000UL + used.tv_nsec;
}

/* The same delays as `delay_ms` of src/timer_load.rs: FIRST up to LAST milliseconds. */
static unsigned long delay_ms(unsigned long index, unsigned long first, unsigned long last) {
    return first + index * 7919 % (last - first + 1);
}

static void arm(uv_timer_t *timers, unsigned long count, unsigned long first, unsigned long last) {
    unsigned long i;
    for (i = 0; i < count; i++) {
        uv_timer_init(uv_default_loop(), &timers[i]);
        uv_timer_start(&timers[i], tick, delay_ms(i, first, last), 0);
    }
}

static unsigned long cancelled(uv_timer_t *timers, unsigned long count) {
    unsigned long i, begun;
    uv_update_time(uv_default_loop());
    begun = cpu_nanos();
    arm(timers, count, 1000, 60000);
    for (i = 0; i < count; i++) uv_timer_stop(&timers[i]);
    return cpu_nanos() - begun;
}

static unsigned long all_fired(uv_timer_t *timers, unsigned long count) {
    unsigned long begun;
    uv_update_time(uv_default_loop());
    begun = cpu_nanos();
    arm(timers, count, 1, 500);
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    return cpu_nanos() - begun;
}

static void close_all(uv_timer_t *timers, unsigned long count) {
    unsigned long i;
    for (i = 0; i < count; i++) uv_close((uv_handle_t *)&timers[i], NULL);
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}

int main(int argc, char **argv) {
    unsigned long count, for_cancelled, for_fired;
    uv_timer_t *timers;
    if (argc != 2) return 2;
    count = strtoul(argv[1], NULL, 10);
    timers = calloc(count, sizeof *timers);
    if (count == 0 || timers == NULL) return 2;
    cancelled(timers, count); /* touches the memory */
    close_all(timers, count);
    for_cancelled = cancelled(timers, count);
    close_all(timers, count);
    for_fired = all_fired(timers, count);
    printf("%lu %lu\n", for_cancelled, for_fired);
    return fired != count;
}
