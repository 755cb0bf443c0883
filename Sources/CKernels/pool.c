// A pool of threads that spin for a moment, then sleep. One loop runs at a time; see mm_pool.h for the contract.
#include "mm_pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#if defined(__x86_64__)
#include <immintrin.h>
#define mm_pause() _mm_pause()
#elif defined(__aarch64__)
#define mm_pause() __asm__ volatile("yield")
#else
#define mm_pause() ((void)0)
#endif

enum { MAX_THREADS = 64, SPINS = 4000, SLOTS = 8 };

static struct {
  pthread_mutex_t owner;  // held by the thread whose loop runs
  pthread_mutex_t sleep;
  pthread_cond_t wake;
  _Atomic int sleeping;
  _Atomic int started;  // worker threads that exist
  _Atomic int threads;  // threads that take part, the caller included; 0 until first asked for
  // One generation a loop; workers with a number below `active` take part in it.
  _Atomic unsigned generation;
  _Atomic int next, running;
  int tasks, active;
  mm_task_fn run;
  void *context;
} pool = {.owner = PTHREAD_MUTEX_INITIALIZER, .sleep = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER};

static _Thread_local int inside;

static void take_tasks(int worker) {
  int task;
  while ((task = atomic_fetch_add_explicit(&pool.next, 1, memory_order_relaxed)) < pool.tasks)
    pool.run(pool.context, task, worker);
}

static void *work(void *argument) {
  int worker = (int)(intptr_t)argument;
  unsigned seen = 0;
  inside = 1;
  for (;;) {
    int spins = 0;
    while (atomic_load_explicit(&pool.generation, memory_order_acquire) == seen) {
      mm_pause();
      if (++spins <= SPINS) continue;
      pthread_mutex_lock(&pool.sleep);
      atomic_fetch_add(&pool.sleeping, 1);
      while (atomic_load(&pool.generation) == seen) pthread_cond_wait(&pool.wake, &pool.sleep);
      atomic_fetch_sub(&pool.sleeping, 1);
      pthread_mutex_unlock(&pool.sleep);
    }
    seen = atomic_load_explicit(&pool.generation, memory_order_acquire);
    if (worker < pool.active) take_tasks(worker);
    // Every worker reports, also one that sat this loop out: the next loop may only be set up when all have looked.
    atomic_fetch_sub_explicit(&pool.running, 1, memory_order_release);
  }
  return NULL;
}

static int default_threads(void) {
  const char *text = getenv("MMSWIFT_NUM_THREADS");
  if (text && *text) {
    char *end;
    long n = strtol(text, &end, 10);
    if (*end == 0 && n >= 1 && n <= MAX_THREADS) return (int)n;
    fprintf(stderr, "MMSWIFT_NUM_THREADS must be 1...%d, found '%s'; using the number of cores\n", MAX_THREADS, text);
  }
  cpu_set_t set;
  int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
  return n < 1 ? 1 : n > MAX_THREADS ? MAX_THREADS : n;
}

int mm_pool_threads(void) {
  int n = atomic_load_explicit(&pool.threads, memory_order_acquire);
  if (n == 0) {
    int fresh = default_threads();
    n = atomic_compare_exchange_strong(&pool.threads, &n, fresh) ? fresh : n;
  }
  return n;
}

void mm_pool_set_threads(int threads) {
  pthread_mutex_lock(&pool.owner);
  atomic_store(&pool.threads, threads < 1 ? 1 : threads > MAX_THREADS ? MAX_THREADS : threads);
  pthread_mutex_unlock(&pool.owner);
}

static void run_inline(int tasks, mm_task_fn run, void *context) {
  int outer = inside;
  inside = 1;
  for (int task = 0; task < tasks; task++) run(context, task, 0);
  inside = outer;
}

void mm_parallel(int tasks, mm_task_fn run, void *context) {
  if (tasks <= 1 || inside || mm_pool_threads() == 1 || pthread_mutex_trylock(&pool.owner) != 0) {
    run_inline(tasks, run, context);
    return;
  }
  int threads = mm_pool_threads();
  while (pool.started < threads - 1) {
    pthread_t thread;
    // A worker starts with generation 0 seen; started before the first loop after it, it has looked at each since.
    if (pthread_create(&thread, NULL, work, (void *)(intptr_t)(pool.started + 1)) != 0) break;
    pthread_detach(thread);
    pool.started++;
    // Let the new worker catch up with past generations before the next loop is set up.
    atomic_fetch_add(&pool.running, pool.generation != 0);
    while (atomic_load_explicit(&pool.running, memory_order_acquire) > 0) sched_yield();
  }
  pool.tasks = tasks;
  pool.run = run;
  pool.context = context;
  pool.active = threads;
  atomic_store_explicit(&pool.next, 0, memory_order_relaxed);
  atomic_store_explicit(&pool.running, pool.started, memory_order_relaxed);
  atomic_fetch_add(&pool.generation, 1);
  if (atomic_load(&pool.sleeping) > 0) {
    pthread_mutex_lock(&pool.sleep);
    pthread_cond_broadcast(&pool.wake);
    pthread_mutex_unlock(&pool.sleep);
  }
  inside = 1;
  take_tasks(0);
  inside = 0;
  for (int spins = 0; atomic_load_explicit(&pool.running, memory_order_acquire) > 0;) {
    mm_pause();
    if (++spins > SPINS) sched_yield();
  }
  pthread_mutex_unlock(&pool.owner);
}

static pthread_key_t scratch_key;
static pthread_once_t scratch_once = PTHREAD_ONCE_INIT;
static _Thread_local struct scratch {
  void *block[SLOTS];
  size_t bytes[SLOTS];
} *scratch;

static void free_scratch(void *p) {
  struct scratch *s = p;
  for (int i = 0; i < SLOTS; i++) free(s->block[i]);
  free(s);
}

static void make_scratch_key(void) { pthread_key_create(&scratch_key, free_scratch); }

static void *must(void *p) {
  if (p) return p;
  fputs("out of memory for a kernel's scratch space\n", stderr);
  abort();
}

void *mm_scratch(int slot, size_t bytes) {
  if (!scratch) {
    pthread_once(&scratch_once, make_scratch_key);
    scratch = must(calloc(1, sizeof *scratch));
    pthread_setspecific(scratch_key, scratch);
  }
  if (scratch->bytes[slot] < bytes || !scratch->block[slot]) {
    size_t size = (bytes + bytes / 4 + 4095) / 4096 * 4096 + 4096;
    free(scratch->block[slot]);
    scratch->block[slot] = must(aligned_alloc(64, size));
    scratch->bytes[slot] = size;
  }
  return scratch->block[slot];
}

static _Thread_local int grad_disabled;
int mm_grad_enabled(void) { return !grad_disabled; }
void mm_set_grad_enabled(int enabled) { grad_disabled = !enabled; }
