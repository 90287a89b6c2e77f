/* Moves the clock of a process: adds an offset to every clock that it reads.

   The offset, in nanoseconds, is an int64 in the file that MOVED_CLOCK names; the test writes it
   while the process runs. CPU clocks stay as they are.  cc -shared -fPIC -O2 -o clock.so this -ldl */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const int64_t SECOND = 1000000000;
static volatile int64_t *offset;
static int (*real_clock_gettime)(clockid_t, struct timespec *);

/* Also of a process that was forked from one without the variable, and has it now. */
static void find_offset(void) {
  const char *path = getenv("MOVED_CLOCK");
  int file = path ? open(path, O_RDONLY) : -1;
  if (file < 0) return;
  void *mapped = mmap(0, sizeof *offset, PROT_READ, MAP_SHARED, file, 0);
  close(file);
  if (mapped != MAP_FAILED) offset = mapped;
}

__attribute__((constructor)) static void begin(void) {
  real_clock_gettime = dlsym(RTLD_NEXT, "clock_gettime");
  find_offset();
}

static int64_t now(clockid_t clock) {
  struct timespec real;
  if (!real_clock_gettime) begin();
  if (!offset) find_offset();
  real_clock_gettime(clock, &real);
  return real.tv_sec * SECOND + real.tv_nsec + (offset ? *offset : 0);
}

int clock_gettime(clockid_t clock, struct timespec *told) {
  if (!real_clock_gettime) begin();
  if (clock == CLOCK_PROCESS_CPUTIME_ID || clock == CLOCK_THREAD_CPUTIME_ID)
    return real_clock_gettime(clock, told);
  if (!offset) find_offset();
  int failed = real_clock_gettime(clock, told);
  if (!failed && offset) {
    int64_t moved = told->tv_sec * SECOND + told->tv_nsec + *offset;
    told->tv_sec = moved / SECOND;
    told->tv_nsec = moved % SECOND;
  }
  return failed;
}

int gettimeofday(struct timeval *told, void *zone) {
  (void)zone;
  int64_t moved = now(CLOCK_REALTIME);
  told->tv_sec = moved / SECOND;
  told->tv_usec = moved % SECOND / 1000;
  return 0;
}

time_t time(time_t *told) {
  time_t moved = now(CLOCK_REALTIME) / SECOND;
  if (told) *told = moved;
  return moved;
}
