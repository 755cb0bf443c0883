// Norms of gradients, scaling, and moving averages.
#include "mm_pool.h"
#include "optim_internal.h"

// Reductions run over pieces of fixed size; the results of the pieces are joined in order.
typedef double (*reduce_fn)(long n, const float *x);
struct reduce_loop {
  reduce_fn run;
  long n;
  const float *x;
  double *partial;
};

static void reduce_task(void *context, int task, int worker) {
  (void)worker;
  const struct reduce_loop *loop = context;
  const long start = (long)task * MM_CHUNK_LIGHT;
  loop->partial[task] = loop->run(mm_min_long(MM_CHUNK_LIGHT, loop->n - start), loop->x + start);
}

// The results of all pieces, in scratch slot 0 of the calling thread; their number is returned.
static long reduce(reduce_fn run, long n, const float *x, const double **partial) {
  const long tasks = n <= 0 ? 0 : mm_div_up(n, MM_CHUNK_LIGHT);
  double *memory = mm_scratch(0, (size_t)(tasks + 1) * sizeof(double));
  struct reduce_loop loop = {run, n, x, memory};
  mm_parallel((int)tasks, reduce_task, &loop);
  *partial = memory;
  return tasks;
}

typedef double mm_d8 __attribute__((vector_size(64)));
typedef float mm_v8 __attribute__((vector_size(32), aligned(4)));

// Defines a sum over `value`, an expression in a vector or a scalar v of doubles. 32 lanes: one order on all machines.
#define SUM(name, lane_value)                                                                                \
  MM_CLONES static double name(long n, const float *x) {                                                     \
    mm_d8 sum[4] = {};                                                                                       \
    long i = 0;                                                                                              \
    for (; i + 32 <= n; i += 32)                                                                             \
      _Pragma("unroll") for (int b = 0; b < 4; b++) {                                                        \
        const mm_d8 v = __builtin_convertvector(*(const mm_v8 *)(x + i + 8 * b), mm_d8);                     \
        sum[b] += (lane_value);                                                                              \
      }                                                                                                      \
    double total = 0;                                                                                        \
    for (int b = 0; b < 4; b++)                                                                              \
      for (int k = 0; k < 8; k++) total += sum[b][k];                                                        \
    for (; i < n; i++) {                                                                                     \
      const mm_d8 v = {x[i]};                                                                                \
      total += (lane_value)[0];                                                                              \
    }                                                                                                        \
    return total;                                                                                            \
  }
SUM(squares, v *v)
SUM(magnitudes, __builtin_elementwise_abs(v))

// Without their signs, floats order as integers, and NaN is above infinity.
MM_CLONES static double largest(long n, const float *x) {
  uint32_t most = 0;
  for (long i = 0; i < n; i++) {
    const uint32_t u = mm_bits(x[i]) & 0x7fffffff;
    most = u > most ? u : most;
  }
  return most;
}

static double total(reduce_fn run, long n, const float *x) {
  const double *partial;
  const long tasks = reduce(run, n, x, &partial);
  double sum = 0;
  for (long i = 0; i < tasks; i++) sum += partial[i];
  return sum;
}
double mm_sum_of_squares(long n, const float *x) { return total(squares, n, x); }
double mm_sum_of_abs(long n, const float *x) { return total(magnitudes, n, x); }

float mm_max_abs(long n, const float *x) {
  const double *partial;
  const long tasks = reduce(largest, n, x, &partial);
  double most = 0;
  for (long i = 0; i < tasks; i++) most = partial[i] > most ? partial[i] : most;
  return mm_from_bits((uint32_t)most);
}

MM_CLONES static void scale(long n, const mm_flat *f) {
  float *x = f->out[0];
  const float a = *(const float *)f->context;
  MM_LOOP for (long i = 0; i < n; i++) x[i] *= a;
}

void mm_scale(long n, float a, float *x) {
  mm_flat_run(scale, n, MM_CHUNK_LIGHT, &(mm_flat){.out = {x}, .out_size = {4}, .context = &a});
}

MM_CLONES static void ema(long n, const mm_flat *f) {
  const float *x = f->in[0], *q = f->context;
  float *average = f->out[0];
  const float decay = q[0], fresh = q[1];
  MM_LOOP for (long i = 0; i < n; i++) {
    const float kept = average[i] * decay;
    average[i] = mm_add_scaled_one(kept, x[i], fresh);
  }
}

void mm_ema_update(long n, double decay, const float *x, float *average) {
  const float q[2] = {(float)decay, (float)(1 - decay)};
  mm_flat_run(ema, n, MM_CHUNK_LIGHT,
              &(mm_flat){.in = {x}, .in_size = {4}, .out = {average}, .out_size = {4}, .context = q});
}
