// Everything that the suite implements in C.
#pragma once
#include "mm_pool.h"
#include "mm_conv.h"
#include "mm_elementwise.h"
#include "mm_gridsample.h"
#include "mm_index.h"
#include "mm_layout.h"
#include "mm_norm.h"
#include "mm_optim.h"
#include "mm_pool2d.h"
#include "mm_reduce.h"
#include "mm_resize.h"
#include "mm_softmax.h"
