// Everything that the suite implements in C.
#pragma once
#include "mm_pool.h"
#include "mm_image.h"
