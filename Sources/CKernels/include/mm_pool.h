// The one thread pool of the suite, and the scratch memory that its tasks use.
#pragma once
#include <stddef.h>

// Runs task `task` (0 <= task < tasks) of a parallel loop. `worker` (0 <= worker < mm_pool_threads()) tells which
// thread runs it; two tasks with the same worker number never run at the same time within one loop.
typedef void (*mm_task_fn)(void *_Nullable context, int task, int worker);

// Runs `tasks` tasks and returns when all are done. The caller takes part; chunks are handed out one at a time.
// A call from inside a task, or while another thread uses the pool, runs its tasks in order on the calling thread.
// How work is split into tasks must not depend on the number of threads: then results do not either.
void mm_parallel(int tasks, mm_task_fn _Nonnull run, void *_Nullable context);

// Threads that take part in a loop, the caller included. Starts as MMSWIFT_NUM_THREADS, or the number of cores that the
// process may use.
int mm_pool_threads(void);
// Sets that number (1...64). Must not be called from inside a task.
void mm_pool_set_threads(int threads);

// At least `bytes` bytes, 64-byte aligned, of memory private to the calling thread and to `slot` (0...7). Contents are
// undefined; the block stays valid until the next call with the same slot on the same thread.
void *_Nonnull mm_scratch(int slot, size_t bytes);

// Whether operations record gradients on the calling thread (1 at the start of every thread).
int mm_grad_enabled(void);
void mm_set_grad_enabled(int enabled);
