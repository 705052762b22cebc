// How the C files of this package call onnxruntime and CUDA.
#ifndef ONEACTOR_ORT_NATIVE_CALL_H
#define ONEACTOR_ORT_NATIVE_CALL_H

#include "native.h"

enum { RELEASE_STATUS = 93 };

// call is one function of the table, seen as a function that takes the given types and returns a status.
#define call(api, place, ...) ((void *(*)(__VA_ARGS__))(api)[place])

// ort_message turns a status into a message, to be freed, and frees the status; NULL where there is none.
char *ort_message(ort_api api, void *status);

// cuda_function is a function of a loaded library, NULL where there is none.
void *cuda_function(const char *library, const char *function);

#endif
