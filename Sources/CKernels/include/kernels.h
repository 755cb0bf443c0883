// Everything that the suite implements in C.
#pragma once
#include "mm_pool.h"
#include "mm_conv.h"
#include "mm_gemm.h"
