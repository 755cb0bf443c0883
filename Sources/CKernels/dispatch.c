// Finds out once what the processor can do.
#include "dispatch.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static mm_isa best;
static mm_isa standard;
// What mm_isa_set chose for this thread; -1 if nothing.
static _Thread_local int chosen_here = -1;

static mm_isa probe(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return MM_ISA_GENERIC;
  int wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
  return wide ? MM_ISA_AVX512 : MM_ISA_AVX2;
#else
  return MM_ISA_GENERIC;
#endif
}

static void set_up(void) {
  best = probe();
  mm_isa chosen = best;
  const char *text = getenv("MMSWIFT_ISA");
  if (text && *text) {
    static const char *const names[] = {"generic", "avx2", "avx512"};
    int found = 0;
    for (int i = 0; i < 3; i++) {
      if (strcmp(text, names[i]) != 0) continue;
      found = 1;
      if ((mm_isa)i < chosen) chosen = (mm_isa)i;
    }
    if (!found) fprintf(stderr, "MMSWIFT_ISA must be generic, avx2 or avx512, found '%s'; ignored\n", text);
  }
  standard = chosen;
}

mm_isa mm_isa_best(void) {
  pthread_once(&once, set_up);
  return best;
}

mm_isa mm_isa_current(void) {
  pthread_once(&once, set_up);
  return chosen_here < 0 ? standard : (mm_isa)chosen_here;
}

void mm_isa_set(mm_isa isa) {
  pthread_once(&once, set_up);
  chosen_here = (int)(isa > best ? best : isa);
}

const mm_kernels *mm_kernels_current(void) {
#if defined(__x86_64__)
  switch (mm_isa_current()) {
    case MM_ISA_AVX512: return &mm_kernels_avx512;
    case MM_ISA_AVX2: return &mm_kernels_avx2;
    case MM_ISA_GENERIC: break;
  }
#endif
  return &mm_kernels_generic;
}
