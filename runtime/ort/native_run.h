// Runs with tensors that may stay in the memory of the device, which the Go wrapper cannot do.
#ifndef ONEACTOR_ORT_NATIVE_RUN_H
#define ONEACTOR_ORT_NATIVE_RUN_H

#include "native.h"

// Where tensors lie: device < 0 is the host, else the number of a GPU.

// ort_wrap makes a tensor over memory of the host, which stays the caller's.
char *ort_wrap(ort_api api, void *data, size_t bytes, const int64_t *shape, size_t rank, int type, void **value);
// ort_allocate makes a tensor without values in memory of the session's. allocator belongs to it and is released after it.
char *ort_allocate(ort_api api, void *session, int device, const int64_t *shape, size_t rank, int type, void **value, void **allocator);
void ort_release(ort_api api, void *value, void *allocator); // either may be NULL

char *ort_data(ort_api api, void *value, void **data);
char *ort_rank(ort_api api, void *value, size_t *rank);
char *ort_shape(ort_api api, void *value, int64_t *shape, size_t rank);

typedef struct {
	const char **names;
	void **values;
	size_t count;
} ort_ports;

// ort_run writes into the values of the outputs, and makes those that are NULL in memory of the host.
char *ort_run(ort_api api, void *session, void *options, ort_ports in, ort_ports out);
// ort_run_bound makes outputs that are NULL where their entry of devices says.
char *ort_run_bound(ort_api api, void *session, void *options, ort_ports in, ort_ports out, const int *devices);

// cuda_copy copies between any two memories of host and device, and waits; 0, or CUDA's number of the error (-1: CUDA is not loaded).
int cuda_copy(int device, void *to, const void *from, size_t bytes);

#endif
